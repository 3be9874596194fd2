"""Upload sessions in a folder: one file each, so that a session survives a restart of the server (S2.9).

The file's size is the session's offset. While the same process receives a session, the hash runs along with the
bytes; after a restart, or where another process wrote, it is computed again from the file. A write is done under
a lock and only where the file ends at the expected offset: a client that reconnects takes over from its own
half-dead connection at once, and nothing is ever written twice.
"""

import collections
import contextlib
import fcntl
import hashlib
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Protocol

from wizard.oci.server.along import BUFFER, Hashing, Running
from wizard.oci.server.durable import start_writing, write_all
from wizard.oci.server.names import Digest, is_upload
from wizard.oci.server.storage import OutOfOrder, Source, TooMany, WrongDigest

WRITE_BEHIND = 8 * 1024 * 1024
"""Bytes after which the disk begins to write, while more come in."""

REMEMBERED = 4096
"""Running hashes kept in memory (a few hundred bytes each); a forgotten one is computed again."""


class Adopter(Protocol):
    """Who takes a finished file."""

    def adopt(self, repository: str, data: Path, digest: Digest) -> None:
        """Make a verified, fsynced file a blob of the repository."""


class FolderUpload:
    """One session."""

    def __init__(
        self, path: Path, repository: str, upload_id: str, running: Running, owner: "Uploads"
    ) -> None:
        self.id = upload_id
        self._path = path
        self._repository = repository
        self._running = running
        self._owner = owner

    @property
    def size(self) -> int:
        """Bytes received so far, by whatever process."""
        return self._path.stat().st_size

    def append(self, source: Source, at: int) -> int:
        """Receive and write in this thread, hash beside it; see the protocol."""
        offset = begun = at
        fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(fd).st_size
            if size != at:
                raise OutOfOrder(size)
            os.lseek(fd, at, os.SEEK_SET)
            with Hashing(self._running) as hashing:
                while True:
                    buffer = hashing.buffer()
                    count = source.readinto(buffer)
                    if not count:
                        return offset
                    with _locked(fd):
                        found = os.fstat(fd)
                        if found.st_nlink == 0:
                            raise FileNotFoundError(self._path)  # cancelled or finished elsewhere
                        if found.st_size != offset:
                            raise OutOfOrder(found.st_size)
                        write_all(fd, buffer[:count])
                    hashing.add(buffer, count, offset)
                    offset += count
                    if offset - begun >= WRITE_BEHIND:
                        start_writing(fd, begun, offset - begun)
                        begun = offset
        finally:
            os.close(fd)

    def finish(self, digest: Digest) -> None:
        """Verify, fsync, hand over."""
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with _locked(fd):
                actual = self._hash(fd, digest.algorithm)
                if actual != digest:
                    self.cancel()
                    raise WrongDigest(actual)
                os.fsync(fd)
                self._owner.adopter.adopt(self._repository, self._path, digest)
                self.cancel()
        finally:
            os.close(fd)

    def _hash(self, fd: int, algorithm: str) -> Digest:
        known = self._running.digest(algorithm, os.fstat(fd).st_size)
        if known is not None:
            return Digest(algorithm, known)
        again = hashlib.new(algorithm)
        buffer = memoryview(bytearray(BUFFER))
        os.lseek(fd, 0, os.SEEK_SET)
        while count := os.readv(fd, [buffer]):
            again.update(buffer[:count])
        return Digest(algorithm, again.hexdigest())

    def cancel(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
        self._owner.forget(self.id)


class Uploads:
    """All sessions of a storage."""

    def __init__(self, folder: Path, adopter: Adopter, limit: int) -> None:
        self.adopter = adopter
        self._folder = folder
        self._limit = limit
        self._running: collections.OrderedDict[str, Running] = collections.OrderedDict()
        self._lock = threading.Lock()

    def begin(self, repository: str, algorithm: str) -> FolderUpload:
        """A new, empty session. Raises TooMany."""
        if len(os.listdir(self._folder)) >= self._limit:
            raise TooMany
        upload_id = str(uuid.uuid4())
        path = self._path(repository, upload_id)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        return FolderUpload(
            path, repository, upload_id, self._remember(upload_id, algorithm, fresh=True), self
        )

    def find(self, repository: str, upload_id: str) -> FolderUpload | None:
        """A session that is there and belongs to the repository."""
        if not is_upload(upload_id):
            return None
        path = self._path(repository, upload_id)
        if not path.exists():
            return None
        return FolderUpload(
            path, repository, upload_id, self._remember(upload_id, "sha256", fresh=False), self
        )

    def forget(self, upload_id: str) -> None:
        """Drop a running hash."""
        with self._lock:
            self._running.pop(upload_id, None)

    def purge(self, older_than: float) -> int:
        """Remove sessions without a byte for so many seconds; returns how many."""
        return purge(self._folder, older_than)

    def _path(self, repository: str, upload_id: str) -> Path:
        key = hashlib.sha256(repository.encode()).hexdigest()[:16]
        return self._folder / f"{upload_id}.{key}"

    def _remember(self, upload_id: str, algorithm: str, *, fresh: bool) -> Running:
        with self._lock:
            running = self._running.get(upload_id)
            if running is None:
                running = self._running[upload_id] = Running(algorithm, known=fresh)
                while len(self._running) > REMEMBERED:
                    self._running.popitem(last=False)
            self._running.move_to_end(upload_id)
            return running


def purge(folder: Path, older_than: float) -> int:
    """Remove the files of a folder that did not change for so many seconds; returns how many."""
    gone = 0
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - entry.stat().st_mtime > older_than:
                Path(entry.path).unlink()
                gone += 1
    return gone


@contextlib.contextmanager
def _locked(fd: int) -> "collections.abc.Iterator[None]":
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)
