"""A socket as http.client uses one, that notices a stall and a stop.

http.client's own time-out cannot tell a long transfer from a dead one, and cannot be interrupted. Here every wait
ends after TICK seconds at the latest, to look at the stop flag, and gives up only after `stall` seconds without a
single byte. On a plain socket the kernel keeps the time (SO_RCVTIMEO, SO_SNDTIMEO): one system call moves a whole
buffer, where Python's time-outs would need two for every piece that happens to fit.
"""

import io
import os
import select
import socket
import ssl
import struct
import time
from abc import ABC, abstractmethod
from typing import Any

from wizard.engine.stop import Stop

TICK = 0.5
"""Seconds between two looks at the stop flag."""
PATIENCE = 120.0
"""Seconds that a head or a document may take, beyond a stall and its bytes at RATE."""
RATE = 512
"""Bytes a second that a document comes with at least, on the slowest of links."""
_BUFFER = 16 * 1024  # bytes that a reading end buffers: heads of answers, small bodies
_PIECE = 128 * 1024
_HEAP = 256 * 1024
"""Bytes that are waited for before they are moved: a server that sends small pieces would wake us for each."""


class Stalled(TimeoutError):
    """No byte moved for too long."""


class Guard(ABC):
    """What both kinds share."""

    def __init__(self, sock: socket.socket, stop: Stop, stall: float) -> None:
        self._stop = stop
        self.stall = stall
        """Seconds of silence that are borne; longer for a while where a registry has work to do."""
        self._until = 0.0
        self._files = 0
        self._closed = False
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        self._socket = sock

    @abstractmethod
    def recv_into(self, view: memoryview) -> int:
        """Receive something; 0 at the end of the stream. Raises Stalled, Stopped, OSError."""

    @abstractmethod
    def sendall(self, data: Any) -> None:
        """Send all of it. Raises Stalled, Stopped, OSError."""

    @abstractmethod
    def send_file(self, handle: int, offset: int, count: int) -> None:
        """Send so many bytes of an open file. Raises EOFError where it has fewer."""

    @abstractmethod
    def readable(self) -> bool:
        """True where the other side said something (or hung up) that nobody has read yet."""

    def _idle(self, since: float, doing: str) -> float:
        """A tick went by without a byte: when it began. Raises Stalled, Stopped."""
        self._stop.check()
        now = time.monotonic()
        since = since or now - min(TICK, self.stall)
        if now - since >= self.stall:
            raise Stalled(f"no byte {doing} for {self.stall:.0f} s")
        return since

    def limit(self, count: int | None) -> None:
        """From now on a head or a document of at most so many bytes comes; None = that is over.

        A stall is no byte at all. Whoever sends one now and then would never stall, and never end.
        """
        self._until = 0.0 if count is None else time.monotonic() + self.stall + PATIENCE + count / RATE

    def _in_time(self) -> None:
        if self._until and time.monotonic() > self._until:
            raise Stalled("the answer trickles, and does not end")

    def makefile(self, mode: str = "rb", *_: object) -> "Reader":
        """The reading end, buffered."""
        self._files += 1
        return Reader(_Raw(self))

    def close(self) -> None:
        """Close once nothing reads from it any more (http.client closes before the body is read)."""
        self._closed = True
        if self._files <= 0:
            self._socket.close()

    def file_closed(self) -> None:
        """A reading end was closed."""
        self._files -= 1
        if self._closed and self._files <= 0:
            self._socket.close()


class PlainGuard(Guard):
    """A TCP socket; the kernel keeps the time."""

    def __init__(self, sock: socket.socket, stop: Stop, stall: float) -> None:
        super().__init__(sock, stop, stall)
        tick = min(TICK, stall)
        sock.settimeout(None)
        kept = struct.pack("@ll", int(tick), int(tick % 1 * 1_000_000) or 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, kept)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, kept)
        self._least = 1

    def recv_into(self, view: memoryview) -> int:
        # a body fills the whole buffer with one call; a head is taken as it comes
        flags = socket.MSG_WAITALL if len(view) > _BUFFER else 0
        self._wake_at(1)
        self._in_time()
        since = 0.0
        while True:
            try:
                return self._socket.recv_into(view, 0, flags)
            except BlockingIOError:
                since = self._idle(since, "came")

    def sendall(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        since = 0.0
        while view:
            try:
                view = view[self._socket.send(view) :]
                since = 0.0
            except BlockingIOError:
                since = self._idle(since, "was taken")

    def send_file(self, handle: int, offset: int, count: int) -> None:
        out, since = self._socket.fileno(), 0.0
        while count:
            try:
                sent = os.sendfile(out, handle, offset, count)
            except BlockingIOError:
                since = self._idle(since, "was taken")
                continue
            if not sent:
                raise EOFError
            since = 0.0
            offset += sent
            count -= sent

    def readable(self) -> bool:
        self._wake_at(1)
        return bool(self._poll.poll(0))

    def _wake_at(self, count: int) -> None:
        """Say how many bytes have to be there before a wait for them ends."""
        if count != self._least:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
            self._least = count

    def splice(self, pipe: int, count: int) -> int:
        """Move what is there, or comes next, into a pipe, without a copy; 0 at the end of the stream.

        `count`: bytes that are still to come, and fit. A heap of them is waited for, but never long.
        """
        self._wake_at(min(count, _HEAP))
        self._poll.poll(TICK * 1000)
        since = 0.0
        while True:
            try:
                return os.splice(self._socket.fileno(), pipe, count)
            except BlockingIOError:
                since = self._idle(since, "came")


class SecureGuard(Guard):
    """A TLS socket; Python keeps the time."""

    def __init__(self, sock: ssl.SSLSocket, stop: Stop, stall: float) -> None:
        super().__init__(sock, stop, stall)
        self._tls = sock
        self._ahead = b""
        self._ended = False
        self._piece: memoryview | None = None
        sock.settimeout(min(TICK, stall))

    def recv_into(self, view: memoryview) -> int:
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            return count
        self._in_time()
        since = 0.0
        while True:
            try:
                return self._tls.recv_into(view)
            except (TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                since = self._idle(since, "came")

    def sendall(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        since = 0.0
        while view:
            try:
                view = view[self._tls.send(view) :]
                since = 0.0
            except (TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                since = self._idle(since, "was taken")

    def send_file(self, handle: int, offset: int, count: int) -> None:
        if self._piece is None:
            self._piece = memoryview(bytearray(_PIECE))
        while count:
            got = os.preadv(handle, [self._piece[: min(count, _PIECE)]], offset)
            if not got:
                raise EOFError
            self.sendall(self._piece[:got])
            offset += got
            count -= got

    def readable(self) -> bool:
        if self._ahead or self._ended:
            return True
        if not self._poll.poll(0) and not self._tls.pending():
            return False
        # what came may be a session ticket: only decrypting tells
        timeout = self._tls.gettimeout()
        self._tls.settimeout(0)
        try:
            self._ahead = self._tls.recv(4096)
            self._ended = not self._ahead
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._ended = True
        finally:
            self._tls.settimeout(timeout)
        return True


class Reader(io.BufferedReader):
    """What http.client reads from."""

    def __init__(self, raw: "_Raw") -> None:
        super().__init__(raw, _BUFFER)
        self._source = raw

    @property
    def guard(self) -> Guard:
        """What it reads from."""
        return self._source.guard

    def waiting(self) -> int:
        """Bytes that were received together with what was read; asks the socket nothing."""
        self._source.peeking = True
        try:
            return len(self.peek(1))
        finally:
            self._source.peeking = False


class _Raw(io.RawIOBase):
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.peeking = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        return None if self.peeking else self.guard.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.guard.file_closed()
