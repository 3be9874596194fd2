"""Disks that are full or read-only: a problem with a remedy, and nothing half-written."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Program, Site
from tests.cli.test_run import COPY
from tests.real.tools import need_root

pytestmark = pytest.mark.real


@pytest.fixture
def disk(tmp_path: Path) -> Iterator:
    """Mounts a small file system of its own."""
    need_root("a file system of a given size")
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"disk{len(mounted)}"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.parametrize("size", ["8k", "64k", "80k", "88k", "96k"])
def test_a_full_disk_under_the_run_folder_is_told_and_room_mends_it(disk, site: Site, size: str):
    """run-folder-refused or journal-not-written, according to where the room ended."""
    state = disk(f"size={size}")
    program = Program(state)
    done = program("run", "-f", site.answers(), *COPY)
    assert done.returncode in (2, 5), done.stdout + done.stderr
    told = done.stdout + done.stderr
    assert "No space left on device" in told and "do: " in told
    assert "Traceback" not in told and "internal-error" not in told
    for path in state.rglob("*.json"):
        json.loads(path.read_text() or "null")
    subprocess.run(["mount", "-o", "remount,size=200m", state], check=True)
    again = program("run", "-f", site.answers(), *COPY)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_read_only_run_folder_is_refused_before_anything_is_done(disk, site: Site):
    program = Program(disk("size=1m,ro"))
    done = program("run", "-f", site.answers(), *COPY)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr and "--run-dir" in done.stderr
    assert not list(site.internal.storage.rglob("*/1.0/*"))


def test_a_full_disk_under_a_layout_is_told_and_leaves_no_half_blob(disk, site: Site, tmp_path: Path):
    """disk-full, with what is needed; what arrived whole is used by the next copy."""
    small = disk("size=300k")
    program = Program(tmp_path / "state")
    source = f"{site.upstream.host}/team/ollama:1.0"
    done = program("mirror", f"{source}=layout:{small}/images", "--plain-http")
    assert done.returncode == 5
    assert "explain disk-full" in done.stderr, done.stderr
    for blob in small.rglob("blobs/sha256/*"):
        if len(blob.name) == 64:
            found = subprocess.run(["sha256sum", blob], capture_output=True, text=True, check=True).stdout
            assert found.split()[0] == blob.name
    subprocess.run(["mount", "-o", "remount,size=200m", small], check=True)
    again = program("mirror", f"{source}=layout:{small}/images", "--plain-http")
    assert again.returncode == 0 and site.images["ollama"] in again.stdout
