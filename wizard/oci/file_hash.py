"""Hashing a file in a second thread while the kernel sends it, or fills it: no buffer passes between the two."""

import os
import threading

from wizard.engine.problems import Stopped
from wizard.engine.stop import Stop
from wizard.oci.digest import new_hash

_PIECE = 256 * 1024
_TICK = 0.1  # seconds between two looks at a file that should grow


class FileHash:
    """The digest of `size` bytes of an open file from `begin` on. The file is read by offset: its position stays.

    `ready` of these bytes are there already (None = all); `grown` tells of more.
    """

    def __init__(
        self,
        handle: int,
        size: int,
        algorithm: str,
        stop: Stop,
        *,
        ready: int | None = None,
        begin: int = 0,
    ) -> None:
        # a handle of its own: the caller may close its file while the thread still reads
        self._handle = os.dup(handle)
        self._size, self._algorithm, self._stop = size, algorithm, stop
        self._begin = begin
        self._hash = new_hash(algorithm)
        self._error: BaseException | None = None
        self._given_up = False
        self._ready = size if ready is None else ready
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        buffer = memoryview(bytearray(_PIECE))
        at = 0
        try:
            while at < self._size and not self._given_up and not self._stop.asked:
                if at >= self._ready:
                    with self._more:
                        self._more.wait(_TICK)
                    continue
                count = os.preadv(self._handle, [buffer[: min(_PIECE, self._ready - at)]], self._begin + at)
                if not count:
                    break
                self._hash.update(buffer[:count])
                at += count
        except OSError as error:
            self._error = error
        self._short = at < self._size

    def grown(self, ready: int) -> None:
        """So many bytes are there now."""
        with self._more:
            self._ready = ready
            self._more.notify()

    def digest(self) -> str:
        """The digest, once the thread is through. Raises OSError, EOFError (the file is shorter), Stopped."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._stop.asked:
            raise Stopped
        if self._short:
            raise EOFError
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def close(self) -> None:
        """Give up; safe to repeat."""
        self._given_up = True
        self.grown(self._ready)
        self._thread.join()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
