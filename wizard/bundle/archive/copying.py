"""File to file in the kernel; a thread hashes what arrived, so the bytes that are hashed are the ones that were written."""

import errno
import os
from contextlib import closing

from wizard.oci import problems
from wizard.oci.file_hash import FileHash
from wizard.oci.files import FileBlob
from wizard.oci.flush import Flusher
from wizard.oci.progress import Progress

_STRIDE = 2 * 1024 * 1024  # bytes between two words to the hashing thread
_REFUSALS = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What kernels and file systems say that have no copy_file_range between these two."""


def copied(fd: int, digest: str, size: int, source: FileBlob, progress: Progress, flusher: Flusher) -> str:
    """Copy a whole file to where `fd` stands, and leave it behind the last byte. Returns the digest of what arrived.

    Raises Problem `blob-truncated` where the file has not `size` bytes, OSError, Stopped.
    """
    begin = os.lseek(fd, 0, os.SEEK_CUR)
    if os.fstat(source.fileno()).st_size != size:
        raise problems.truncated(f"blob {digest}", size, os.fstat(source.fileno()).st_size)
    algorithm = digest.partition(":")[0]
    move, at = _in_kernel, 0
    with closing(FileHash(fd, size, algorithm, progress.stop, ready=0, begin=begin)) as running:
        while at < size:
            try:
                count = move(source.fileno(), fd, min(size - at, _STRIDE), at, begin + at)
            except OSError as error:
                if move is not _in_kernel or error.errno not in _REFUSALS:
                    raise
                move = _by_hand
                continue
            if not count:
                raise problems.truncated(f"blob {digest}", size, at)
            at += count
            running.grown(at)
            flusher.wrote(count)
            progress.advance(count)
        os.lseek(fd, begin + size, os.SEEK_SET)
        try:
            return running.digest()
        except EOFError:
            raise problems.truncated(f"blob {digest}", size, os.fstat(fd).st_size - begin) from None


def _in_kernel(source: int, target: int, count: int, at: int, to: int) -> int:
    return os.copy_file_range(source, target, count, at, to)


def _by_hand(source: int, target: int, count: int, at: int, to: int) -> int:
    return os.pwrite(target, os.pread(source, min(count, 256 * 1024), at), to)
