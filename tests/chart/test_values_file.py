"""The values file on disk: atomic, written once, never over somebody's changes (S1.32)."""

import os

import pytest

from tests.chart.given import HOST, answers, images
from wizard.cluster.values.file import State, seal, state, write
from wizard.cluster.values.pinned import pinned
from wizard.cluster.values.text import body
from wizard.engine.problems import Problem

TEXT = seal(body(answers(), pinned(images(), HOST)), HOST)


def test_it_is_written_once(tmp_path):
    path = tmp_path / "gitops" / "values-airgap.yaml"
    assert state(path) is State.ABSENT
    assert write(path, TEXT)
    before = path.stat()
    assert not write(path, TEXT)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    assert state(path) is State.OURS
    assert [p.name for p in path.parent.iterdir()] == ["values-airgap.yaml"]


def test_our_own_older_file_is_replaced(tmp_path):
    path = tmp_path / "values.yaml"
    write(path, TEXT)
    newer = seal(body(answers(), pinned(images(), HOST)) + "# more\n", HOST)
    assert write(path, newer)
    assert path.read_text() == newer


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("20Gi", "200Gi"),
        lambda text: text + "extra: 1\n",
        lambda text: text.replace("networkPolicy", "# networkPolicy"),
        lambda text: text.replace("sha256:", "sha256:0", 1),
    ],
)
def test_a_change_by_hand_is_kept_and_shown(tmp_path, change):
    path = tmp_path / "values.yaml"
    edited = change(TEXT)
    path.write_text(edited)
    assert state(path) is State.EDITED
    newer = seal(body(answers(), pinned(images(), HOST)) + "# more\n", HOST)
    with pytest.raises(Problem) as caught:
        write(path, newer)
    problem = caught.value
    assert problem.code == "values-edited"
    assert path.read_text() == edited
    assert "@@" in problem.detail
    assert any(remedy.command == f"mv {path} {path}.mine" for remedy in problem.remedies)


def test_a_file_of_somebody_else_is_kept(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text("gateway: {}\n")
    with pytest.raises(Problem, match="was not written by airgap-wizard"):
        write(path, TEXT)
    assert path.read_text() == "gateway: {}\n"


def test_line_ends_of_another_system_are_no_edit(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert state(path) is State.OURS
    assert not write(path, TEXT)


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    path = tmp_path / "values.yaml"

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem) as caught:
        write(path, TEXT)
    assert caught.value.code == "values-not-writable"
    assert "No space left" in caught.value.detail
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_a_problem(tmp_path):
    with pytest.raises(Problem) as caught:
        state(tmp_path)
    assert caught.value.code == "values-not-writable"


def test_a_secret_that_stands_in_the_file_is_not_repeated(tmp_path):
    """The message goes into the journal: of a foreign file nothing is shown, of an edited one no secret."""
    edited, foreign = tmp_path / "edited.yaml", tmp_path / "foreign.yaml"
    edited.write_text(seal("a: 1\n", "reg.example") + 'token: "planted-1"\ndbPassword: planted-2\nb: 2\n')
    foreign.write_text("anything: planted-3\n")
    for path in (edited, foreign):
        with pytest.raises(Problem) as caught:
            write(path, seal("a: 1\n", "reg.example"))
        assert caught.value.code == "values-edited" and "planted" not in caught.value.detail
        assert ("b: 2" in caught.value.detail) == (path is edited)
