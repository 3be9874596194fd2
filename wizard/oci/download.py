"""Bringing a blob into a file: hashed while it is written, resumed after a cut or a crash, visible only when right."""

import fcntl
import os
from contextlib import closing, nullcontext
from pathlib import Path

from wizard.engine.problems import Problem
from wizard.oci import problems
from wizard.oci.blob_reader import RegistryBlob
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import Hash, hasher
from wizard.oci.file_hash import FileHash
from wizard.oci.files import free_space, make_folder, sync_folder, write_problem
from wizard.oci.flush import Flusher
from wizard.oci.hose import Hose, Unwritable
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener

_SPARE = 16 * 1024 * 1024  # bytes that stay free on the file system
_LARGE = 8 * 1024 * 1024  # bytes from which a pipe and a thread pay
_STRIDE = 1024 * 1024  # bytes between two words to the hashing thread


def partial_path(path: Path) -> Path:
    """Where the unfinished file is; FAT-safe where `path` is."""
    return path.with_name(f".{path.name}.partial")


def download(path: Path, blob: Descriptor, opener: Opener, progress: Progress | None = None) -> None:
    """Write a blob to `path`. What an earlier try left beside it is hashed again and completed.

    Raises Problem `digest-mismatch`, `blob-truncated`, `disk-full`, `folder-not-writable`, what the source
    raises, and Stopped; then there is nothing at `path`, and what is worth keeping waits in the partial file.
    """
    progress = progress or Progress()
    progress.total = blob.size
    make_folder(path.parent)
    partial = partial_path(path)
    try:
        handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise write_problem(error, path, blob.size) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():  # another process was faster
            partial.unlink(missing_ok=True)
            return
        _room(path, blob, os.fstat(handle).st_size)
        try:
            _fill(handle, path, blob, opener, progress)
        except Problem as problem:
            if problem.code != "digest-mismatch":
                raise
            # a flipped bit on the way, or a stale partial file: once more from the beginning
            progress.retry()
            os.ftruncate(handle, 0)
            try:
                _fill(handle, path, blob, opener, progress)
            except Problem as again:
                if again.code == "digest-mismatch":
                    partial.unlink(missing_ok=True)
                raise
        try:
            os.fsync(handle)
            partial.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            raise write_problem(error, path, blob.size) from None
    finally:
        os.close(handle)


def _room(path: Path, blob: Descriptor, have: int) -> None:
    free = free_space(path.parent)
    if blob.size - have + _SPARE > free:
        raise problems.disk_full(path, blob.size - have, free)


def _fill(handle: int, path: Path, blob: Descriptor, opener: Opener, progress: Progress) -> None:
    have = os.fstat(handle).st_size
    if have > blob.size:
        os.ftruncate(handle, 0)
        have = 0
    with opener(have) if have < blob.size or not have else nullcontext() as source:
        if isinstance(source, RegistryBlob) and source.pours and blob.size - have > _LARGE:
            got = _pour(handle, path, blob, source, have, progress)
        else:
            got = _read(handle, path, blob, source, have, progress)
    if got != blob.digest:
        raise problems.digest_mismatch(f"blob {blob.digest}", blob.digest, got)


def _pour(
    handle: int, path: Path, blob: Descriptor, source: RegistryBlob, have: int, progress: Progress
) -> str:
    """The rest of a large blob, in the kernel; a thread hashes what is in the file. Returns the digest."""
    algorithm = blob.digest.partition(":")[0]
    at = told = have
    progress.at(have)
    with (
        closing(Hose()) as hose,
        closing(FileHash(handle, blob.size, algorithm, progress.stop, ready=have)) as running,
        closing(Flusher(handle, blob.size)) as flusher,
    ):
        while at < blob.size:
            try:
                count = source.pour(hose, handle)
            except Unwritable as error:
                raise write_problem(error.error, path, blob.size) from None
            if not count:
                raise problems.truncated(f"blob {blob.digest}", blob.size, at)
            at += count
            if at - told >= _STRIDE or at == blob.size:
                running.grown(at)
                told = at
            flusher.wrote(count)
            progress.advance(count)
        try:
            return running.digest()
        except OSError as error:
            raise write_problem(error, path, blob.size) from None
        except EOFError:
            raise problems.truncated(f"blob {blob.digest}", blob.size, os.fstat(handle).st_size) from None


def _read(
    handle: int, path: Path, blob: Descriptor, source: BlobReader | None, have: int, progress: Progress
) -> str:
    """The rest of a blob through a buffer of ours. Returns the digest."""
    running = hasher(blob.digest, blob.size)
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        _rehash(handle, have, running, progress)
        if source is not None:
            _stream(handle, path, blob, source, running, progress)
        if running.count != blob.size:
            raise problems.truncated(f"blob {blob.digest}", blob.size, running.count)
        return running.digest()
    finally:
        running.close()


def _rehash(handle: int, have: int, running: Hash, progress: Progress) -> None:
    left = have
    while left:
        progress.stop.check()
        buffer = running.buffer()
        count = os.readv(handle, [buffer[: min(left, len(buffer))]])
        if not count:
            running.feed(buffer[:0])
            break
        running.feed(buffer[:count])
        left -= count
    if have:
        progress.at(have)


def _stream(
    handle: int, path: Path, blob: Descriptor, source: BlobReader, running: Hash, progress: Progress
) -> None:
    with closing(Flusher(handle, blob.size)) as flusher:
        while True:
            buffer = running.buffer()
            count = source.readinto(buffer)
            running.feed(buffer[:count])
            if not count:
                return
            if running.count > blob.size:
                raise problems.truncated(f"blob {blob.digest}", blob.size, running.count)
            try:
                written = os.write(handle, buffer[:count])
                while written < count:
                    written += os.write(handle, buffer[written:count])
            except OSError as error:
                raise write_problem(error, path, blob.size) from None
            flusher.wrote(count)
            progress.advance(count)
