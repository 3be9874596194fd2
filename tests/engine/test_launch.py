"""Launching: what cannot be started is a problem; a stop of nothing is no error."""

import subprocess
import sys
from pathlib import Path

import pytest

from wizard.answers.model import Answers, Journey
from wizard.engine import launch as launching
from wizard.engine.folder import Options, make_run_folder
from wizard.engine.launch import ask_to_stop, going, launch, program
from wizard.engine.problems import Problem
from wizard.engine.turn import site_of, turn


def test_a_program_that_cannot_be_started_is_run_not_launched(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    with pytest.raises(Problem) as caught:
        launch(folder)
    assert caught.value.code == "run-not-launched" and "process.log" in caught.value.remedies[0].command


def test_what_the_process_says_is_its_owners_business(tmp_path: Path, monkeypatch):
    """Also in a run folder of the operator's own (--run-dir) that others may look into."""
    monkeypatch.setattr(launching, "program", lambda: [sys.executable, "-c", "pass"])
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    launch(folder)
    assert folder.process_log.stat().st_mode & 0o077 == 0


def test_a_packed_program_starts_itself(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program() == [sys.executable]


def test_stopping_a_run_that_does_not_go_on_is_done_at_once(tmp_path: Path):
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    assert ask_to_stop(folder)


def test_a_run_goes_on_also_between_making_its_journal_and_locking_it(tmp_path: Path):
    """Whoever looks at that moment must not take it for one that died."""
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    words = [sys.executable, "-c", "input()", str(folder.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        folder.pid_file.write_text(str(process.pid))
        assert going(folder), "there is no journal yet"
        folder.journal.touch()
        assert going(folder), "it is there, and not locked yet"
        folder.journal.write_text("{}\n")
        assert not going(folder), "it was written, and nobody holds it"
        assert process.stdin
        folder.journal.write_text("")
        process.stdin.write(b"\n")
    assert not going(folder), "its process has ended"


def test_one_run_at_a_time_on_a_site(tmp_path: Path, monkeypatch):
    """site-is-busy: two runs would remove each other's experiments."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path))
    here, there = (
        site_of(Options("install", rehearse=w), Answers(journey=Journey.INSTALL)) for w in ("a", "b")
    )
    with (
        turn(here, "run-one"),
        turn(there, "run-two"),
        pytest.raises(Problem) as caught,
        turn(here, "run-three"),
    ):
        raise AssertionError("both at once")
    assert caught.value.code == "site-is-busy" and "run-one" in caught.value.title
    with turn(here, "run-four"):
        pass


def test_a_state_folder_that_cannot_be_written_keeps_no_run_waiting(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "file" / "state"))
    (tmp_path / "file").write_text("")
    with turn("site", "run"):
        pass
