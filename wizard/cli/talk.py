"""Progress of a command on stderr: one line that is rewritten on a terminal, a line now and then elsewhere."""

import threading
import time
from types import TracebackType
from typing import Self, TextIO

from wizard.engine.events import Move, Moved
from wizard.reports.units import size, span

_TERMINAL = 0.25  # seconds between two rewrites
_LINES = 5.0  # seconds between two lines where nothing is rewritten


class Talk:
    """A Report: add it up, tell it. Thread-safe; a context manager that ends with a summary line.

    A thread of its own writes: whoever reads slowly, or went away, costs a transfer nothing.
    """

    def __init__(self, out: TextIO, *, quiet: bool = False) -> None:
        self._out = out
        self._terminal = out.isatty() and not quiet
        self._quiet = quiet
        self.silent = False
        """True once nothing can be written any more: the reader went away."""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._items: dict[str, Moved] = {}
        self._began = time.monotonic()
        self._over = threading.Event()
        self._teller: threading.Thread | None = None

    def __call__(self, moved: Moved) -> None:
        with self._lock:
            self._items[moved.item] = moved
            if self._teller is None and not self._quiet:
                self._teller = threading.Thread(target=self._tell, name="talk", daemon=True)
                self._teller.start()

    def _tell(self) -> None:
        while not self._over.wait(_TERMINAL if self._terminal else _LINES):
            line = self._line(time.monotonic())
            self._write(f"\r{line}\x1b[K" if self._terminal else line + "\n")

    def say(self, text: str) -> None:
        """A line of its own."""
        self._write(f"\r\x1b[K{text}\n" if self._terminal else text + "\n")

    def _write(self, text: str) -> None:
        with self._writing:
            if self.silent:
                return
            try:
                self._out.write(text)
                self._out.flush()
            except (OSError, ValueError):
                self.silent = True

    def _line(self, now: float) -> str:
        with self._lock:
            items = list(self._items.values())
        over = sum(m.move.over for m in items)
        moved = sum(m.done for m in items if m.move not in (Move.PRESENT, Move.MOUNTED))
        tries = sum(m.tries for m in items)
        rate = moved / max(now - self._began, 0.001)
        line = f"{over} of {len(items)} blobs, {size(moved)} moved, {size(rate)}/s"
        return line + (f", {tries} retries" if tries else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._teller is not None:
            self._teller.join()
        if self._items and not self._quiet:
            now = time.monotonic()
            self.say(f"{self._line(now)}, {span(now - self._began)}")
