"""Where a bundle's bytes are: one file, or volumes on several media. Read by position, never as a whole."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from wizard.bundle import problems
from wizard.oci.server.storage import Slice


class Medium(Protocol):
    """Random access to the bytes of one bundle. Safe for several threads."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def size(self) -> int:
        """Bytes that there are, or that the volumes' index says there are."""

    def read_into(self, offset: int, view: memoryview) -> int:
        """Fill the view from an offset on, as far as one read goes; 0 at the end. Raises Problem `volume-missing`."""

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """The same bytes as pieces of open files. They stay open while the medium does."""

    def here(self, start: int, stop: int) -> bool:
        """Whether all of these bytes can be read without asking for another medium."""

    def blame(self, start: int, stop: int) -> None:
        """Bytes in this range are wrong: raise the Problem that names the part to copy again, if it can be told."""

    def close(self) -> None:
        """Close the files."""


class FileMedium:
    """A bundle in one file."""

    def __init__(self, path: Path) -> None:
        """Raises Problem `bundle-not-found`, `bundle-not-one` (no plain file)."""
        self._path = path
        try:
            # a FIFO or a device must not block or be read at all
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise problems.not_found(path, str(error)) from None
        found = os.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise problems.not_a_bundle(str(path), "it is no plain file")
        self.size = found.st_size

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    def read_into(self, offset: int, view: memoryview) -> int:
        """One pread(2)."""
        return os.preadv(self._fd, [view], offset)

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """One slice of one file."""
        yield Slice(self._fd, start, stop - start)

    def here(self, start: int, stop: int) -> bool:
        """Always."""
        return True

    def blame(self, start: int, stop: int) -> None:
        """There is nothing smaller than the file to copy again."""

    def close(self) -> None:
        """Close it; safe to repeat."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read_exactly(medium: Medium, offset: int, length: int) -> bytes:
    """So many bytes; fewer where the medium ends."""
    buffer = bytearray(length)
    view, got = memoryview(buffer), 0
    while got < length:
        count = medium.read_into(offset + got, view[got:])
        if not count:
            break
        got += count
    return bytes(buffer[:got])
