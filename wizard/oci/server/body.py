"""Request bodies: by Content-Length or in chunked transfer coding, never held in memory.

Source: RFC 9112, sections 6 and 7.
"""

from collections.abc import Callable

from wizard.oci.server.refusal import Refusal
from wizard.oci.server.wire import Pace, Reader

MAX_CHUNK_LINE = 256


class Cut(ConnectionError):
    """The client went away in mid-body."""


class RequestBody:
    """A body of known or unknown (`length` None) size. `ask` is called once before the first read (100-continue)."""

    def __init__(
        self, source: Reader, length: int | None, pace: Pace, ask: Callable[[], None] | None
    ) -> None:
        self.length = length
        self._source = source
        self._pace = pace
        self._ask = ask
        self._left = length if length is not None else 0
        self._started = False
        self.complete = length == 0

    @property
    def received(self) -> int:
        """Body bytes read so far."""
        return self._pace.moved

    @property
    def unasked(self) -> bool:
        """True while the client waits for 100 Continue."""
        return self._ask is not None

    def readinto(self, buffer: memoryview) -> int:
        """Some of the body; 0 at its end. Raises Cut, Late, and Refusal for a broken coding."""
        if self.complete:
            return 0
        if self._ask is not None:
            ask, self._ask = self._ask, None
            ask()
        if self._left == 0 and self.length is None and not self._next_chunk():
            return 0
        count = self._source.take(buffer[: min(len(buffer), self._left)])
        if count == 0:
            raise Cut("the client went away in mid-body")
        self._left -= count
        self._pace.add(count)
        if self._left == 0 and self.length is not None:
            self.complete = True
        return count

    def _next_chunk(self) -> bool:
        """Read a chunk's size; False after the last one and its trailers."""
        if self._started and self._line() != b"":
            raise Refusal("BLOB_UPLOAD_INVALID", "a chunk of the transfer coding does not end where it said")
        self._started = True
        size = self._line().partition(b";")[0].strip()
        if not size or len(size) > 16 or size.strip(b"0123456789abcdefABCDEF"):
            raise Refusal("BLOB_UPLOAD_INVALID", "a chunk of the transfer coding has no size")
        self._left = int(size, 16)
        if self._left:
            return True
        for _ in range(32):
            if self._line() == b"":
                self.complete = True
                return False
        raise Refusal("BLOB_UPLOAD_INVALID", "too many trailers")

    def _line(self) -> bytes:
        line = self._source.readline(MAX_CHUNK_LINE)
        if not line:
            raise Cut("the client went away in mid-body")
        if not line.endswith(b"\r\n"):
            raise Refusal("BLOB_UPLOAD_INVALID", "a line of the transfer coding is too long or has no CRLF")
        return line[:-2]
