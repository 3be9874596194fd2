"""From a socket to a file through a pipe: splice(2) moves pages, where recv and write would copy each byte twice."""

import contextlib
import errno
import fcntl
import os

_SIZE = 1024 * 1024  # bytes of the pipe; what an ordinary user may have


_REFUSALS = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a kernel, a sandbox or a file system says that has no splice."""


class Refused(Exception):
    """There is no splice here: the body has to be read."""


class Unwritable(Exception):
    """The file could not be written (`error`); the other end is not to blame."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class Hose:
    """A pipe. What is put into `end` comes out with `empty`, which leaves nothing in it."""

    def __init__(self) -> None:
        self._out, self.end = os.pipe()
        self.size = _SIZE
        """Bytes that may be put in at a time."""
        self.refused = False
        """True once it was found out that nothing can be poured here."""
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.end, fcntl.F_SETPIPE_SZ, _SIZE)

    def refuse(self, error: OSError) -> None:
        """Raises Refused where this error says that there is no splice; else returns."""
        if error.errno in _REFUSALS:
            self.refused = True
            raise Refused from None

    def empty(self, count: int, handle: int, offset: int) -> None:
        """Move what is in it into an open file. Raises Unwritable."""
        while count:
            try:
                moved = os.splice(self._out, handle, count, offset_dst=offset)
            except OSError as error:
                if error.errno not in _REFUSALS:
                    raise Unwritable(error) from None
                # this file system has none: what is in the pipe already is written the long way
                self.refused = True
                data = os.read(self._out, count)
                self.write(data, handle, offset)
                moved = len(data)
            count -= moved
            offset += moved

    @staticmethod
    def write(data: bytes, handle: int, offset: int) -> None:
        """The same for bytes that are in memory already. Raises Unwritable."""
        while data:
            try:
                count = os.pwrite(handle, data, offset)
            except OSError as error:
                raise Unwritable(error) from None
            data = data[count:]
            offset += count

    def close(self) -> None:
        """Close both ends."""
        os.close(self._out)
        os.close(self.end)
