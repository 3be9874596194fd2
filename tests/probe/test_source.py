"""The probe's source: formatted, vetted, and with tests' knobs only where they belong."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.real.tools import refuse, tool

pytestmark = pytest.mark.real
SOURCE = Path(__file__).parents[2] / "assets" / "probe"


def _go(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(words[0]) is None:
        refuse("missing real tool: go (it is in Go's own distribution)")
    return subprocess.run(words, cwd=SOURCE, capture_output=True, text=True, check=False)


def test_gofmt_has_nothing_to_change() -> None:
    assert _go("gofmt", "-l", ".").stdout == ""


def test_go_vet_finds_nothing() -> None:
    done = _go("go", "vet", "./...")
    assert done.returncode == 0, done.stderr


def test_it_needs_no_dependency() -> None:
    """What is not there needs no licence, no update and no trust."""
    assert "require" not in (SOURCE / "go.mod").read_text()
    assert not (SOURCE / "go.sum").exists()


@pytest.mark.parametrize(("name", "machine"), [("airgap-probe-amd64", 62), ("airgap-probe-arm64", 183)])
def test_both_programs_are_static(name: str, machine: int) -> None:
    """No interpreter: the image holds nothing but the program (S2.11)."""
    data = tool(name).read_bytes()
    assert data[:4] == b"\x7fELF"
    assert int.from_bytes(data[18:20], "little") == machine
    start, size, count = (int.from_bytes(data[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
    kinds = [int.from_bytes(data[start + n * size :][:4], "little") for n in range(count)]
    assert kinds
    assert 3 not in kinds, "PT_INTERP: it wants a dynamic loader"
