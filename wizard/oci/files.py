"""Files written so that a crash leaves the old one or the new one, never half of either."""

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.engine.problems import Problem
from wizard.oci import problems

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_problem(error: OSError, path: Path, needed: int = 0) -> Problem:
    """What a failed write means."""
    if error.errno in _FULL:
        return problems.disk_full(path, needed, free_space(path.parent))
    return problems.folder_unwritable(path, error)


def free_space(folder: Path) -> int:
    """Bytes that we may still write on the folder's file system; the nearest existing folder counts."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def make_folder(path: Path) -> None:
    """The folder and those above it. Raises Problem `folder-not-writable`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_problem(error, path) from None


def sync_folder(path: Path) -> None:
    """Make a rename in it durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # FAT and some network file systems cannot
            raise
    finally:
        os.close(handle)


def write_atomic(path: Path, data: bytes) -> None:
    """Write a small file: temporary, fsync, rename. Raises Problem `disk-full`, `folder-not-writable`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_problem(error, path, len(data)) from None


class FileBlob:
    """A BlobReader over a file, from an offset on."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(self._handle, offset, os.SEEK_SET)

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as one read goes; 0 at the end."""
        return os.readv(self._handle, [view])

    def fileno(self) -> int:
        """The open file."""
        return self._handle

    def close(self) -> None:
        """Close it; safe to repeat."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
