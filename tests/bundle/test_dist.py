"""The program as it travels: one executable, on a host with no Python and no network (S2.2, S2.21)."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.gap import ROOT, host
from tests.bundle.making import Made
from tests.real.tools import built, need_root, tool

pytestmark = pytest.mark.real

#: What a C library brings along that Python itself asks for.
_MORE = ("libm.so.6", "libutil.so.1", "librt.so.1", "libgcc_s.so.1")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root file system with a C library, the executable, and nothing else: no Python, no shell, no tool."""
    program = built(ROOT / "dist" / "airgap-wizard", "make dist")
    need_root("a root file system of its own")
    tool("ip")
    root = tmp_path_factory.mktemp("bare")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = [Path(p) for p in re.findall(r"(/\S+) \(0x", listed)]
    home = next(p.parent for p in found if p.name == "libc.so.6")
    for library in {*found, *(home / name for name in _MORE)}:
        target = root / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    for name in ("tmp", "work", "proc", "dev"):
        (root / name).mkdir()
    shutil.copy(program, root / "work")
    os.mknod(root / "dev" / "null", 0o20666, os.makedev(1, 3))
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", root / "proc"], check=True)


def inside(root: Path, folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run the executable in there, and count what it sent."""
    with host("bare", folder) as site:
        clean = ["/usr/bin/env", "-i", "HOME=/tmp", "PATH=/nowhere", "/usr/sbin/chroot", str(root)]
        done = site.run(*clean, "/work/airgap-wizard", *words, check=False)
        return done, site.sent()


def test_it_verifies_a_bundle(bare: Path, made: Made, tmp_path: Path) -> None:
    shutil.copy(made.path, bare / "work" / "demo.airgap")
    (bare / "work" / "vendor.pub").write_text(made.key.public.pem)
    (bare / "work" / "trust.yaml").write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
        "      - {file: vendor.pub, notAfter: 2099-12-31}\n"
    )
    words = ("bundle", "verify", "/work/demo.airgap", "--trust", "/work/trust.yaml")
    done, sent = inside(bare, tmp_path / "a", *words)
    assert done.returncode == 0, done.stderr
    assert f"all {made.bom.payload} bytes verified" in done.stdout and sent == 0
    with (bare / "work" / "demo.airgap").open("r+b") as file:
        file.seek(600)
        file.write(b"\0")
    done, _ = inside(bare, tmp_path / "b", *words)
    assert done.returncode == 3 and "bundle-signature-wrong" in done.stderr


def test_it_rehearses_a_whole_install(bare: Path, tmp_path: Path) -> None:
    """A run of its own process, which outlives the command that started it."""
    done, sent = inside(bare, tmp_path / "a", "run", "--rehearse", "healthy")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "install: done" in done.stdout and sent == 0
