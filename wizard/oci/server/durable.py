"""Writes that survive a crash: temp, fsync, rename, fsync of the folder."""

import functools
import os
from collections.abc import Callable
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(path: Path) -> None:
    """mkdir -p, durable. Several processes may do the same at once."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir()
    except FileExistsError:
        return
    sync_folder(path.parent)


def write_file(path: Path, data: bytes, temporary: Path) -> None:
    """Write a file that is seen whole or not at all; `temporary` is a folder of the same filesystem."""
    temp = temporary / os.urandom(16).hex()
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        try:
            write_all(fd, memoryview(data))
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temp, path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_all(fd: int, data: memoryview) -> None:
    """write(2) until everything is written."""
    while data:
        data = data[os.write(fd, data) :]


def start_writing(fd: int, offset: int, length: int) -> None:
    """Ask the kernel to begin writing part of a file to disk, so that the fsync at the end finds little left.

    Only a hint (sync_file_range(2) with SYNC_FILE_RANGE_WRITE): its result does not matter.
    """
    call = _sync_file_range()
    if call is not None:
        call(fd, offset, length, 2)


@functools.cache
def _sync_file_range() -> Callable[..., int] | None:
    import ctypes  # for the first large upload: the server starts without it

    try:
        call = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    call.restype = ctypes.c_int
    return call
