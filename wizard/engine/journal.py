"""The journal: one JSON line an event, appended by the one run that holds the lock, readable while it is written.

Progress (`Moved`) is thinned to one line a second and item, except where the item's state changes; ends are
fsynced. A torn last line (a power cut) is dropped by readers and cut off by the next writer.
"""

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wizard.engine.codec import decode, line
from wizard.engine.events import Ended, Event, Move, Moved, Planned
from wizard.engine.problems import Problem, Remedy

THIN_SECONDS = 1.0
LOCK_SECONDS = 2.0
"""How long a writer waits for the lock: whoever only asks for it (`being_written`) holds it for a moment."""


class Journal:
    """The writing end. Thread-safe. Raises Problem `run-is-active` where another process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], tuple[Move, float]] = {}
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if not _locked(self._fd):
            os.close(self._fd)
            raise Problem(
                "run-is-active",
                f"{path} is being written by a run that goes on",
                remedies=(
                    Remedy("watch it", "airgap-wizard attach"),
                    Remedy("stop it", "airgap-wizard stop"),
                ),
                exit_code=2,
            )
        self._mend()

    def _mend(self) -> None:
        """Cut a torn last line off, so that the next one starts at a line's start."""
        size = os.fstat(self._fd).st_size
        tail = os.pread(self._fd, min(size, 1 << 20), max(0, size - (1 << 20)))
        if tail and not tail.endswith(b"\n"):
            os.ftruncate(self._fd, size - len(tail) + tail.rfind(b"\n") + 1)

    def __call__(self, event: Event) -> None:
        """Append; a disk that is full ends the run with a Problem rather than with a journal that lies."""
        with self._lock:
            if isinstance(event, Moved) and self._thin(event):
                return
            try:
                self._append(line(event))
                if isinstance(event, Ended | Planned):
                    os.fsync(self._fd)
            except OSError as error:
                raise Problem(
                    "journal-not-written",
                    f"{self._path} cannot be written",
                    detail=error.strerror or str(error),
                    remedies=(Remedy("make room and run again; what is done is recognised"),),
                ) from None

    def _append(self, data: bytes) -> None:
        """Write a line whole or not at all."""
        before = os.fstat(self._fd).st_size
        written = os.write(self._fd, data)
        if written != len(data):
            os.ftruncate(self._fd, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def last_words(self, event: Event) -> None:
        """Write the run's end also where the disk is full, into the room that was kept for it."""
        self._path.with_name(".spare").unlink(missing_ok=True)
        with self._lock:
            self._append(line(event))
            os.fsync(self._fd)

    def _thin(self, event: Moved) -> bool:
        """True where this line can be left out."""
        key, now = (event.step, event.item), time.monotonic()
        move, when = self._last.get(key, (None, 0.0))
        if event.move is move and now - when < THIN_SECONDS:
            return True
        if event.move.over:
            self._last.pop(key, None)
        else:
            self._last[key] = (event.move, now)
        return False

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._fd)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _locked(fd: int) -> bool:
    """Take the lock, if no other writer has it for good."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
        time.sleep(0.01)


def being_written(path: Path) -> bool:
    """Whether a run holds the journal's lock now."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


class Tail:
    """The reading end: each call to `read` gives the events that are new since the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.skipped = 0
        """Lines that were no event: told, never guessed at."""

    def read(self, limit: int = 1 << 22) -> list[Event]:
        """New whole lines, at most `limit` bytes of them. A file that is not there yet is empty."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(limit)
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and len(data) == limit:
            whole = data  # one line longer than the limit is no line of ours
        self._offset += len(whole)
        events = []
        for text in whole.splitlines():
            try:
                event = decode(json.loads(text))
            except (ValueError, AttributeError):
                self.skipped += 1
                continue
            if event is not None:
                events.append(event)
        return events

    def follow(self, pause: float = 0.1, going: Callable[[], bool] | None = None) -> Iterator[list[Event]]:
        """Batches of new events (also empty ones, every `pause` seconds) until the run has ended or died.

        `going` says whether its process lives (where only the journal is known: whether its lock is held). The
        caller decides what an end without `Ended` means.
        """
        idle = 0
        while True:
            written = going() if going else being_written(self._path)
            events = self.read()
            yield events
            if any(isinstance(e, Ended) and not e.step for e in events):
                return
            idle = 0 if events or written else idle + 1
            # a run that was launched a moment ago has no lock yet: give it ten seconds to take it
            if idle * pause > (10 if self._offset == 0 and going is None else 0.3):
                return
            if not events:
                time.sleep(pause)
