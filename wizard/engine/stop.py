"""A stop is a flag that long work looks at once a chunk, so that it ends at a place it can resume from."""

import threading

from wizard.engine.problems import Stopped


class Stop:
    """Set by a signal handler or another thread; `check` raises `Stopped` once it is set."""

    def __init__(self) -> None:
        self._flag = threading.Event()
        self.pace = 1.0
        """How much of a wait is really waited: the clock of a simulated site runs faster than ours."""

    def set(self) -> None:
        """Ask whoever looks at this to stop."""
        self._flag.set()

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._flag.is_set()

    def check(self) -> None:
        """Raises Stopped if a stop was asked for."""
        if self._flag.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep that a stop cuts short. Raises Stopped if it did."""
        if self._flag.wait(seconds * self.pace):
            raise Stopped
