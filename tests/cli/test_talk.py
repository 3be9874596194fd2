"""Progress on stderr: whoever reads it slowly, or not at all, costs a transfer nothing (S1.11)."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest

from tests.real.process import wait_until
from wizard.cli.talk import Talk
from wizard.engine.events import Move, Moved


def moved(number: int, move: Move = Move.ACTIVE) -> Moved:
    return Moved(item=f"blob-{number}", move=move, done=number, total=1000)


class Stuck(io.StringIO):
    """A terminal on which somebody pressed Ctrl-S."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.entered.set()
        assert self.go.wait(20)
        return super().write(text)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.cli.talk._TERMINAL", 0.01)
    monkeypatch.setattr("wizard.cli.talk._LINES", 0.01)


def test_a_reader_that_hangs_holds_up_nobody() -> None:
    """The reports of a whole transfer come back at once; what was missed is in the next line."""
    out = Stuck()
    with Talk(out) as talk:
        talk(moved(1))
        assert out.entered.wait(20)
        done = threading.Thread(target=lambda: [talk(moved(n)) for n in range(1000)], daemon=True)
        done.start()
        done.join(20)
        assert not done.is_alive()
        out.go.set()
    assert "0 of 1000 blobs" in out.getvalue().splitlines()[-1]


@contextmanager
def closed_pipe() -> Iterator[TextIO]:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    try:
        yield out
    finally:
        with pytest.raises(BrokenPipeError):
            out.close()


def test_a_reader_that_went_away_breaks_nothing() -> None:
    """`mirror … 2>&1 | head -1`: a broken pipe of ours is not a broken connection of a registry's."""
    with closed_pipe() as out, Talk(out) as talk:
        talk(moved(1))
        wait_until(lambda: talk.silent, "it has noticed")
        talk(moved(2, Move.COPIED))
        talk.say("note: x")


def test_lines_come_while_it_goes_on_and_at_the_end() -> None:
    out = io.StringIO()
    with Talk(out) as talk:
        talk(moved(1))
        wait_until(lambda: "0 of 1 blobs" in out.getvalue(), "a line is told")
        talk(moved(1, Move.COPIED))
    assert "1 of 1 blobs" in out.getvalue().splitlines()[-1]
    quiet = io.StringIO()
    with Talk(quiet, quiet=True) as talk:
        talk(moved(1))
    assert quiet.getvalue() == ""
