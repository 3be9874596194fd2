"""The journal: round trip, thinning, torn lines, the lock, a full disk."""

import fcntl
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.engine import journal as journal_module
from wizard.engine.codec import decode, encode
from wizard.engine.events import (
    Ended,
    Fault,
    Finding,
    Found,
    Grade,
    Move,
    Moved,
    Outcome,
    Planned,
    PlannedStep,
    Remedy,
    Said,
    Started,
)
from wizard.engine.journal import Journal, Tail, being_written
from wizard.engine.problems import Problem

REMEDY = Remedy("do", "cmd", "docs")
EVENTS = [
    Planned(at=1.0, run="r", journey="install", steps=(PlannedStep("a", "A", ("x",)),), endpoints=("e",)),
    Started(at=2.0, step="a", title="A"),
    Said(at=2.5, step="a", text="hé", level="warning"),
    Moved(at=3.0, step="a", item="b", move=Move.ACTIVE, done=1, total=2, tries=1, platform="linux/arm64"),
    Found(at=4.0, step="a", finding=Finding("c", Grade.UNKNOWN, "t", "d", {"k": [1]}, (REMEDY,))),
    Ended(at=5.0, step="a", outcome=Outcome.FAILED, problem=Fault("x", "t", "d", (REMEDY,), {"n": 1})),
    Ended(at=6.0, outcome=Outcome.FAILED, evidence={"exitCode": 5}),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_survive_json(event):
    assert decode(encode(event)) == event


@given(st.text(), st.integers(0, 2**60), st.sampled_from(list(Move)))
def test_any_progress_survives_json(text, number, move):
    event = Moved(item=text, move=move, done=number, total=number)
    assert decode(encode(event)) == event


def test_unknown_kinds_and_fields_of_a_later_version_are_passed_over():
    assert decode({"event": "teleported", "at": 1}) is None
    assert decode({"event": "said", "text": "x", "colour": "red"}) == Said(text="x")
    with pytest.raises(ValueError):
        decode({"event": "said", "level": "info"})


def test_what_is_written_is_read_while_it_is_written(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    with Journal(path) as journal:
        for event in EVENTS[:3]:
            journal(event)
        assert tail.read() == EVENTS[:3]
        assert being_written(path)
        for event in EVENTS[3:]:
            journal(event)
        assert tail.read() == EVENTS[3:]
    assert not being_written(path)


def test_progress_is_thinned_but_no_change_of_state_is_lost(tmp_path: Path):
    path = tmp_path / "j"
    with Journal(path) as journal:
        for n in range(100_000):
            journal(Moved(item="b", move=Move.ACTIVE, done=n, total=100_000))
        journal(Moved(item="b", move=Move.RETRYING, done=5, total=100_000, tries=1))
        journal(Moved(item="b", move=Move.VERIFIED, done=100_000, total=100_000))
    moves = [e.move for e in Tail(path).read()]
    assert len(moves) < 30
    assert moves[-2:] == [Move.RETRYING, Move.VERIFIED]


def test_a_second_writer_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(journal_module, "LOCK_SECONDS", 0.05)
    with Journal(tmp_path / "j"), pytest.raises(Problem) as caught:
        Journal(tmp_path / "j")
    assert caught.value.code == "run-is-active"


def test_whoever_only_asks_whether_a_run_goes_on_does_not_keep_it_from_starting(tmp_path: Path):
    """A watcher polls from the moment of the launch, and holds the lock for a moment each time."""
    path = tmp_path / "j"
    asking = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(asking, fcntl.LOCK_SH)
    done = threading.Timer(0.2, os.close, [asking])
    done.start()
    with Journal(path) as journal:
        journal(EVENTS[2])
    done.join()
    assert Tail(path).read() == [EVENTS[2]]


def test_a_torn_last_line_is_not_read_and_the_next_writer_cuts_it_off(tmp_path: Path):
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal(EVENTS[2])
    with path.open("ab") as file:
        file.write(b'{"event":"said","te')
    assert Tail(path).read() == [EVENTS[2]]
    with Journal(path) as journal:
        journal(EVENTS[1])
    tail = Tail(path)
    assert tail.read() == [EVENTS[2], EVENTS[1]] and tail.skipped == 0


def test_lines_that_are_no_events_are_counted_not_guessed_at(tmp_path: Path):
    path = tmp_path / "j"
    path.write_bytes(b'not json\n[1]\n{"event":"moved"}\n{"event":"said","text":"x"}\n')
    tail = Tail(path)
    assert [e.text for e in tail.read()] == ["x"] and tail.skipped == 3


def test_a_full_disk_is_a_problem_with_a_remedy(tmp_path: Path, monkeypatch):
    with Journal(tmp_path / "j") as journal:
        monkeypatch.setattr(os, "write", lambda fd, data: 3)
        with pytest.raises(Problem) as caught:
            journal(EVENTS[2])
    assert caught.value.code == "journal-not-written" and caught.value.remedies


def test_follow_ends_where_the_writer_died(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(journal_module.time, "sleep", lambda seconds: None)
    with Journal(tmp_path / "j") as journal:
        journal(EVENTS[0])
    batches = list(Tail(tmp_path / "j").follow())
    assert [e for batch in batches for e in batch] == [EVENTS[0]]
