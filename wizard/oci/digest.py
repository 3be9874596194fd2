"""Digests, and hashing that keeps up with the network.

A digest is `algorithm:hex` (image-spec, descriptor.md). sha256 and sha512 are the registered algorithms; any
other is refused, because bytes that cannot be checked must not be trusted.
"""

import hashlib
import queue
import re
import threading
from typing import Protocol

CHUNK = 128 * 1024
"""Bytes per buffer everywhere. Larger writes were slower on a loopback socket (docs/decisions/0002)."""

_DEPTH = 8  # buffers in flight between the mover and the hash: 1 MiB a blob
_INLINE = (
    64 * 1024 * 1024
)  # below this a thread of its own costs more than it saves: many blobs move at a time
_FORM = re.compile(r"sha256:[0-9a-f]{64}\Z|sha512:[0-9a-f]{128}\Z")


def new_hash(algorithm: str) -> "hashlib._Hash":
    """A running hash; the digest identifies content, it keeps no secret."""
    return hashlib.new(algorithm, usedforsecurity=False)


def is_digest(text: str) -> bool:
    """True for a well-formed sha256 or sha512 digest."""
    return bool(_FORM.match(text))


def digest_of(data: bytes | memoryview, algorithm: str = "sha256") -> str:
    """The digest of bytes that are in memory."""
    return f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}"


def same_digest(data: bytes, digest: str) -> bool:
    """True where `data` hashes to `digest`; the algorithm is the digest's own."""
    return is_digest(digest) and digest_of(data, digest.partition(":")[0]) == digest


class Hash(Protocol):
    """A running hash that also lends the buffers it is fed with: fill `buffer()`, `feed` it, and reuse nothing.

    A buffer may be written elsewhere after `feed`, until the next call of `buffer`.
    """

    count: int
    """Bytes fed so far."""

    def buffer(self) -> memoryview:
        """A free buffer of CHUNK bytes."""

    def feed(self, view: memoryview) -> None:
        """Hash these bytes (a slice of a lent buffer)."""

    def digest(self) -> str:
        """The digest of everything fed; ends the hash."""

    def close(self) -> None:
        """Give up; safe after `digest`."""


class InlineHash:
    """Hash for small blobs, in the caller's thread."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self._algorithm = algorithm
        self._hash = new_hash(algorithm)
        self._buffer = memoryview(bytearray(CHUNK))
        self.count = 0

    def buffer(self) -> memoryview:
        """The one buffer."""
        return self._buffer

    def feed(self, view: memoryview) -> None:
        """Hash these bytes now."""
        self.count += len(view)
        self._hash.update(view)

    def digest(self) -> str:
        """The digest so far."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def close(self) -> None:
        """Nothing to end."""


class Hasher:
    """Hash in a second thread: hashlib releases the interpreter, so hashing and moving overlap."""

    def __init__(self, algorithm: str = "sha256", depth: int = _DEPTH, chunk: int = CHUNK) -> None:
        self._algorithm = algorithm
        self._hash = new_hash(algorithm)
        self._full: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        for _ in range(depth):
            self._free.put(memoryview(bytearray(chunk)))
        self.count = 0
        self._thread: threading.Thread | None = threading.Thread(target=self._run, name="hash", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (view := self._full.get()) is not None:
            self._hash.update(view)
            self._free.put(memoryview(view.obj))

    def buffer(self) -> memoryview:
        """A free buffer; waits for the hash when it is behind, which bounds memory."""
        return self._free.get()

    def feed(self, view: memoryview) -> None:
        """Hand these bytes to the hashing thread."""
        self.count += len(view)
        self._full.put(view)

    def digest(self) -> str:
        """The digest, once the thread has caught up."""
        self.close()
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._full.put(None)
            self._thread.join()
            self._thread = None


def hasher(digest: str, size: int, chunk: int = CHUNK) -> Hash:
    """The right hash for a blob: its digest's algorithm, a thread only where that pays; `chunk` bytes a buffer there."""
    algorithm = digest.partition(":")[0] or "sha256"
    return InlineHash(algorithm) if size <= _INLINE else Hasher(algorithm, chunk=chunk)
