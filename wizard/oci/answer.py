"""One answer: status, headers, and a body that is read in bounded pieces. The connection goes home with the last byte."""

import http.client
from collections.abc import Callable
from types import TracebackType
from typing import Self

from wizard.oci.guard import Guard, PlainGuard, Reader, Stalled
from wizard.oci.hose import Hose, Refused
from wizard.oci.wire import Line


class Cut(OSError):
    """The connection ended, or made no sense, before the answer was whole."""


class TooLong(ValueError):
    """A body over its limit."""


class Answer:
    """An HTTP answer. A context manager: leaving it early closes the connection, reading it all keeps it alive."""

    def __init__(
        self, response: http.client.HTTPResponse, line: Line, release: Callable[[Line], None], url: str
    ) -> None:
        self._response, self._line, self._release = response, line, release
        self.status = response.status
        self.headers = response.headers
        self.url = url
        self._open = True
        reader = response.fp
        # kept here: http.client lets go of the line's socket where the registry will close it
        self._guard: Guard | None = reader.guard if isinstance(reader, Reader) else None
        if response.length == 0 or response.isclosed():
            self._home()

    @property
    def left(self) -> int | None:
        """Bytes of the body that are still to come; None where the server did not say."""
        return self._response.length if self._open else 0

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as it goes; 0 at the end. Raises Cut where the body ends too early."""
        if not self._open:
            return 0
        try:
            count = self._response.readinto(view)
        except http.client.HTTPException as error:
            self.close()
            raise Cut(f"the answer broke off: {type(error).__name__}") from None
        except Stalled as error:
            self.close()
            raise Stalled(f"{error}; last reply {self._line.last}") from None
        except BaseException:
            self.close()
            raise
        if self._response.length == 0 or (count == 0 and self._response.isclosed()):
            if count == 0 and self._response.length:
                self.close()
                raise Cut(f"the answer broke off {self._response.length} bytes before its end")
            self._home()
        elif count < len(view) and self._response.length:
            # a buffered read comes back short only at the end of the stream
            self.close()
            raise Cut("the answer broke off")
        return count

    @property
    def pours(self) -> bool:
        """True where `pour` works: no TLS, no chunks, something to come, and the connection still ours.

        Where the registry said `Connection: close`, http.client has let go of the socket: then it is read.
        """
        plain = self._open and isinstance(self._line.sock, PlainGuard)
        return plain and bool(self._response.length) and not self._response.chunked

    def pour(self, hose: Hose, handle: int, offset: int) -> int:
        """Move some of the body into an open file at an offset, in the kernel. Raises Cut, Stalled, Unwritable, Refused.

        There is always more to come when it is called (`left`), so a stream that ends is a cut.
        """
        left = self._response.length or 0
        reader, guard = self._response.fp, self._line.guard
        assert isinstance(reader, Reader) and isinstance(guard, PlainGuard)
        try:
            if waiting := min(reader.waiting(), left):
                data = reader.read(waiting)
                hose.write(data, handle, offset)
                count = len(data)
            else:
                count = self._splice(guard, hose, min(left, hose.size))
                hose.empty(count, handle, offset)
        except Stalled as error:
            self.close()
            raise Stalled(f"{error}; last reply {self._line.last}") from None
        except Refused:
            raise
        except BaseException:
            self.close()
            raise
        if not count:
            self.close()
            raise Cut(f"the answer broke off {left} bytes before its end")
        self._response.length = left - count
        if count == left:
            self._home()
        return count

    @staticmethod
    def _splice(guard: PlainGuard, hose: Hose, count: int) -> int:
        try:
            return guard.splice(hose.end, count)
        except OSError as error:
            hose.refuse(error)
            raise

    def read(self, limit: int) -> bytes:
        """The whole body. Raises TooLong over `limit` bytes, Cut where it ends too early."""
        if self._open and (self._response.length or 0) > limit:
            self.close()
            raise TooLong
        body = bytearray()
        view = memoryview(bytearray(16 * 1024))
        if self._open and self._guard is not None:
            self._guard.limit(limit)
        while count := self.readinto(view):
            body += view[:count]
            if len(body) > limit:
                self.close()
                raise TooLong
        return bytes(body)

    def peek(self, limit: int) -> bytes:
        """What the body says, for a message: at most `limit` bytes, never raising; the answer is over after it."""
        try:
            return self.read(limit)
        except (TooLong, OSError):
            return b""
        finally:
            self.close()

    def _home(self) -> None:
        if self._open:
            self._open = False
            if self._guard is not None:
                self._guard.limit(None)
            reusable = not self._response.will_close
            self._response.close()
            if reusable:
                self._release(self._line)
            else:
                self._line.close()

    def close(self) -> None:
        """Give up what is left of it."""
        if self._open:
            self._open = False
            self._response.close()
            self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
