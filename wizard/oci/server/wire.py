"""Reading from and writing to a connection's socket, with deadlines.

cheroot's own socket files are written in Python and know one time-out for each read, so a client that sends a
byte now and then holds a thread for ever; these are C buffers over a raw reader that watches the clock.
"""

import io
import os
import select
import socket
import ssl
import time

from wizard.oci.server.limits import Limits
from wizard.oci.server.storage import Slice

TLS_BUFFER = 128 * 1024
SENDFILE = 128 * 1024
"""Bytes a sendfile call; four times as much at once took a third longer, half of it a quarter (measured on loopback)."""


class Late(TimeoutError):
    """The other side was too slow."""


class Pace:
    """The clock of one body: raises Late where it goes on slower than the limits allow."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began = time.monotonic()
        self.moved = 0

    def add(self, count: int) -> None:
        """Count bytes."""
        self.moved += count
        seconds = time.monotonic() - self._began
        if seconds > self._limits.patience and self.moved < self._limits.rate * seconds:
            raise Late("the body moves too slowly")


class RawReader(io.RawIOBase):
    """A socket as a raw file. `deadline` (monotonic) bounds all reads together, else each may take `stall`."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self._limits = limits
        self._encrypted = isinstance(sock, ssl.SSLSocket)
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)
        self.deadline = 0.0
        self.peeking = False

    def encrypted_waiting(self) -> bool:
        """True where TLS has decrypted more than was read."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def readable(self) -> bool:
        """Always."""
        return True

    def wait(self, seconds: float) -> bool:
        """True once something can be read."""
        return bool(self._poll.poll(seconds * 1000))

    def readinto(self, buffer: "memoryview | bytearray") -> int | None:  # type: ignore[override]
        """What is there, or the first that comes; None while peeking. Raises Late."""
        if self.peeking:
            return None
        allowed = self._limits.stall
        if self.deadline:
            allowed = self.deadline - time.monotonic()
            if allowed <= 0:
                raise Late("the request came too slowly")
        if self._encrypted:
            return self._decrypt(buffer, allowed)
        try:
            return os.readv(self._sock.fileno(), [buffer])
        except BlockingIOError:
            if not self.wait(allowed):
                raise Late("no byte for too long") from None
            return os.readv(self._sock.fileno(), [buffer])

    def _decrypt(self, buffer: "memoryview | bytearray", allowed: float) -> int:
        self._sock.settimeout(allowed)
        try:
            return self._sock.recv_into(buffer)
        except TimeoutError as error:
            raise Late("no byte for too long") from error
        finally:
            self._sock.settimeout(self._limits.stall)

    def gather(self, buffer: memoryview) -> int:
        """As readinto, but goes on while there is more at once: fewer, larger pieces from a fast sender."""
        count = self.readinto(buffer) or 0
        if self._encrypted:
            while 0 < count < len(buffer) and self.encrypted_waiting():
                more = self.readinto(buffer[count:])
                if not more:
                    break
                count += more
            return count
        while 0 < count < len(buffer):
            try:
                more = os.readv(self._sock.fileno(), [buffer[count:]])
            except BlockingIOError:
                break
            if not more:
                break
            count += more
        return count


class Reader(io.BufferedReader):
    """What cheroot reads requests from."""

    def __init__(self, raw: RawReader) -> None:
        super().__init__(raw, 16 * 1024)
        self.source = raw
        self.bytes_read = 0

    def waiting(self) -> int:
        """Bytes in the buffer; asks the socket nothing."""
        self.source.peeking = True
        try:
            return len(self.peek(1))
        finally:
            self.source.peeking = False

    def has_data(self) -> bool:
        """True where a pipelined request is waiting in the buffer (or in TLS's)."""
        return self.waiting() > 0 or self.source.encrypted_waiting()

    def take(self, buffer: memoryview) -> int:
        """What is there, or comes next; 0 at the end. (readinto1 would wait for more than the buffer has.)"""
        waiting = self.waiting()
        if waiting:
            return self.readinto(buffer[:waiting])
        return self.source.gather(buffer)


class Writer:
    """What cheroot writes reply heads to. `holding` keeps them back, to go out together with the body."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""
        self.holding = False
        self.bytes_written = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Send, or keep."""
        if self.holding:
            self._held += data
        else:
            self._sock.sendall(data)
        return len(data)

    def release(self, *, more: bool = False) -> None:
        """Send what was kept; `more` says that bytes of a file follow at once."""
        held, self._held, self.holding = self._held, b"", False
        if more and not isinstance(self._sock, ssl.SSLSocket):
            self._sock.sendall(held, socket.MSG_MORE)
        else:
            self._sock.sendall(held)

    def flush(self) -> None:
        """Nothing is held back that should not be."""

    def close(self) -> None:
        """The socket is closed by the connection."""
        self.closed = True


def send_slice(sock: socket.socket, piece: Slice, pace: Pace, stall: float) -> None:
    """Send part of a file: sendfile(2) over plain TCP, read and encrypt over TLS. Raises Late, OSError."""
    if isinstance(sock, ssl.SSLSocket):
        _send_encrypted(sock, piece, pace)
        return
    offset, left, out = piece.offset, piece.length, sock.fileno()
    poll = select.poll()
    poll.register(out, select.POLLOUT)
    while left:
        try:
            count = os.sendfile(out, piece.fd, offset, min(left, SENDFILE))
        except BlockingIOError:
            if not poll.poll(stall * 1000):
                raise Late("the client takes no byte") from None
            continue
        if count == 0:
            raise OSError("a blob became shorter while it was sent")
        offset += count
        left -= count
        pace.add(count)


def _send_encrypted(sock: ssl.SSLSocket, piece: Slice, pace: Pace) -> None:
    offset, left = piece.offset, piece.length
    buffer = memoryview(bytearray(TLS_BUFFER))
    while left:
        count = os.preadv(piece.fd, [buffer[: min(left, TLS_BUFFER)]], offset)
        if count == 0:
            raise OSError("a blob became shorter while it was sent")
        sock.sendall(buffer[:count])
        offset += count
        left -= count
        pace.add(count)
