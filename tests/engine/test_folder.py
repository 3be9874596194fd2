"""Run folders: made whole, found by name, refused with a reason."""

import os
from pathlib import Path

import pytest

from wizard.engine.folder import Options, RunFolder, find_run, make_run_folder, run_folders, write_atomic
from wizard.engine.problems import Problem


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path))
    return tmp_path


OPTIONS = Options("install", only=("preflight",), rehearse="healthy")


def test_a_folder_holds_the_answers_and_options_for_its_owner_alone():
    folder = make_run_folder(OPTIONS, "journey: install\n")
    assert folder.answers.read_text() == "journey: install\n"
    assert folder.options() == OPTIONS
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.answers.stat().st_mode & 0o777 == 0o600


def test_the_newest_run_and_the_end_of_an_id_are_found():
    one, two = (make_run_folder(OPTIONS, "") for _ in range(2))
    assert find_run(one.id[-4:]) == one
    assert find_run(str(two.path)) == two
    assert find_run("") in (one, two)


def test_runs_of_one_second_are_in_the_order_in_which_they_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `attach` takes for the newest."""
    monkeypatch.setattr("wizard.engine.folder.time.strftime", lambda *_: "20260101-000000")
    ends = iter([b"\x00\x09", b"\x00\x05", b"\x00\x07"])
    monkeypatch.setattr("wizard.engine.folder.os.urandom", lambda _: next(ends))
    made = []
    for number, journey in enumerate(("stage", "install", "install")):
        folder = make_run_folder(Options(journey), "")
        os.utime(folder.options_file, ns=(number, number))
        made.append(folder)
    assert run_folders() == made


def test_an_unknown_or_ambiguous_name_is_run_not_found():
    with pytest.raises(Problem) as none_yet:
        find_run("")
    make_run_folder(OPTIONS, "")
    with pytest.raises(Problem) as unknown:
        find_run("zzzz")
    assert none_yet.value.code == unknown.value.code == "run-not-found"
    assert unknown.value.exit_code == 2


def test_a_folder_that_has_a_run_or_cannot_be_made_is_run_folder_refused(tmp_path: Path):
    folder = make_run_folder(OPTIONS, "", tmp_path / "d")
    folder.journal.write_text("x")
    (tmp_path / "file").write_text("")
    for where in (tmp_path / "d", tmp_path / "file" / "below"):
        with pytest.raises(Problem) as caught:
            make_run_folder(OPTIONS, "", where)
        assert caught.value.code == "run-folder-refused" and caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "{", '{"only": []}', '{"journey": "install", "only": [], "colour": 1}'])
def test_options_that_cannot_be_read_are_run_folder_damaged(tmp_path: Path, text: str):
    (tmp_path / "options.json").write_text(text)
    with pytest.raises(Problem) as caught:
        RunFolder(tmp_path).options()
    assert caught.value.code == "run-folder-damaged"


def test_an_atomic_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch):
    path = tmp_path / "values.yaml"
    path.write_text("old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        write_atomic(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
