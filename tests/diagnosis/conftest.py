"""A state folder of the test's own, tiny worlds, and commands run in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs and rehearsed sites are kept."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRGAP_WIZARD_REHEARSAL", "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line: exit code, stdout, stderr."""
    from wizard.cli.main import dispatch

    def run(*argv: str) -> tuple[int, str, str]:
        code = dispatch(argv)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
