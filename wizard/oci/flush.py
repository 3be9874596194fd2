"""Writing back while a large file still grows, so that the fsync at its end has little left to wait for."""

import contextlib
import os
import threading

_EVERY = 32 * 1024 * 1024
"""Bytes between two write-backs: what a crash of the machine can cost a resumed download, too."""


class Flusher:
    """A thread that runs fdatasync behind the writer. Below two portions it does nothing at all."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle = handle
        self._due = 0
        self._next = _EVERY
        self._wake = threading.Semaphore(0)
        self._over = False
        self._thread: threading.Thread | None = None
        if size > 2 * _EVERY:
            self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
            self._thread.start()

    def wrote(self, count: int) -> None:
        """So many bytes more are in the file."""
        self._due += count
        if self._due >= self._next and self._thread is not None:
            self._next = self._due + _EVERY
            self._wake.release()

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            while self._wake.acquire(blocking=False):
                pass
            if self._over:
                return
            with contextlib.suppress(OSError):  # the fsync at the end tells what is wrong
                os.fdatasync(self._handle)

    def close(self) -> None:
        """End; the handle may be closed afterwards."""
        if self._thread is not None:
            self._over = True
            self._wake.release()
            self._thread.join()
            self._thread = None
