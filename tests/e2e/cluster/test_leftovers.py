"""What a cluster leaves behind would be seen."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cluster.leftovers import machine_state
from tests.real.process import end_group
from tests.real.tools import need_root

pytestmark = [pytest.mark.real, pytest.mark.cluster]


@pytest.fixture(autouse=True)
def root() -> None:
    need_root("reading firewall rules")


def test_a_process_that_names_the_folder_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    before = machine_state(folder)
    program = "import sys; sys.stdin.read()"
    left = subprocess.Popen(
        [sys.executable, "-c", program, folder], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        (seen,) = (line for line in machine_state(folder) - before if line.startswith("process"))
        assert seen.startswith(f"process {left.pid} ")
    finally:
        assert left.stdin
        left.stdin.close()
        end_group(left)
    assert not {line for line in machine_state(folder) - before if line.startswith("process")}


def test_a_mount_and_a_folder_are_seen(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    before = machine_state(folder)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "leftover", folder], check=True)
    try:
        assert {f"mount {folder}", f"folder {folder}"} <= machine_state(folder) - before
    finally:
        subprocess.run(["umount", folder], check=True)
