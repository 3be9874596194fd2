"""Hashing an upload along with its way to the disk: the receiving thread writes, a second one hashes.

hashlib and the system calls let go of the interpreter's lock, so on two cores the hash costs no time of its own.
"""

import hashlib
import queue
import threading
from types import TracebackType

BUFFER = 256 * 1024
"""Bytes of a piece: large enough that calls cost little, small enough for the caches (measured)."""

BUFFERS = 4
"""Pieces of one upload in memory."""


class Running:
    """The hash of an upload as far as it got; unknown where bytes came that this process did not see in order."""

    def __init__(self, algorithm: str, *, known: bool) -> None:
        self.algorithm = algorithm
        self._lock = threading.Lock()
        self._offset = 0
        self._hash = hashlib.new(algorithm) if known else None

    def update(self, piece: memoryview, offset: int) -> None:
        """Take in a piece. One that does not follow makes the hash unknown for good (it is then read from disk)."""
        with self._lock:
            if self._hash is None:
                return
            if offset != self._offset:
                self._hash = None
                return
            self._hash.update(piece)
            self._offset += len(piece)

    def digest(self, algorithm: str, size: int) -> str | None:
        """The digest of the first `size` bytes in hex; None where it is not known."""
        with self._lock:
            if self._hash is None or self.algorithm != algorithm or self._offset != size:
                return None
            return self._hash.hexdigest()


class Hashing:
    """Feeds a running hash: `buffer()` to fill, `add` when it is on disk. A thread is started for the second full
    buffer, since most uploads are shorter than one. Leaving the block waits until all is hashed."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._work: queue.SimpleQueue[tuple[memoryview, int, int] | None] = queue.SimpleQueue()
        self._made = 0
        self._full = 0
        self._thread: threading.Thread | None = None

    def buffer(self) -> memoryview:
        """A buffer that nobody uses; waits where the hash is behind."""
        if self._made < BUFFERS and self._free.empty():
            self._made += 1
            return memoryview(bytearray(BUFFER))
        return self._free.get()

    def add(self, buffer: memoryview, count: int, offset: int) -> None:
        """Hash the first `count` bytes, which are at `offset`; the buffer comes back by itself."""
        if self._thread is None:
            self._full += count == BUFFER
            if self._full < 2:
                self._running.update(buffer[:count], offset)
                self._free.put(buffer)
                return
            self._thread = threading.Thread(target=self._hash, name="registry hash", daemon=True)
            self._thread.start()
        self._work.put((buffer, count, offset))

    def _hash(self) -> None:
        while (item := self._work.get()) is not None:
            buffer, count, offset = item
            self._running.update(buffer[:count], offset)
            self._free.put(buffer)

    def __enter__(self) -> "Hashing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()
