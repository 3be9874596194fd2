"""One connection to one host: http.client over a socket that notices a stall and a stop.

http.client's own time-out cannot tell a long transfer from a dead one, and cannot be interrupted. Here the socket
wakes every TICK seconds, looks at the stop flag, and gives up only after `stall` seconds without a single byte.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wizard.engine.stop import Stop
from wizard.oci.digest import CHUNK

TICK = 0.5  # seconds between two looks at the stop flag


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection goes: scheme, host and port of the server, and the proxy in between ("" = none)."""

    scheme: str
    host: str
    port: int
    proxy: str = ""
    server_name: str = ""

    @property
    def url(self) -> str:
        """As people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Stalled(TimeoutError):
    """No byte moved for too long."""


class Guard:
    """A socket as http.client uses one, whose every wait is bounded and can be stopped."""

    def __init__(self, sock: socket.socket, stop: Stop, stall: float) -> None:
        self._sock = sock
        self._stop = stop
        self._stall = stall
        self._files = 0
        self._closed = False
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        self._ahead = b""
        self._ended = False
        self.sent = 0
        self.received = 0
        sock.settimeout(min(TICK, stall))

    def _wait(self, act: Callable[[], int], doing: str) -> int:
        since = 0.0
        while True:
            try:
                return act()
            except (TimeoutError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._stop.check()
                now = time.monotonic()
                since = since or now - TICK
                if now - since >= self._stall:
                    raise Stalled(f"no byte {doing} for {self._stall:.0f} s") from None

    def recv_into(self, view: memoryview) -> int:
        """Receive something; 0 at the end of the stream."""
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count] = self._ahead[:count]
            self._ahead = self._ahead[count:]
            return count
        count = self._wait(lambda: self._sock.recv_into(view), "came")
        self.received += count
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it."""
        view = memoryview(data).cast("B")
        while view:
            count = self._wait(lambda v=view: self._sock.send(v), "was taken")  # type: ignore[misc]
            self.sent += count
            view = view[count:]

    def readable(self) -> bool:
        """True where the other side said something (or hung up) that nobody has read yet."""
        if self._ahead or self._ended:
            return True
        if not self._poll.poll(0) and not (self._secure and self._sock.pending()):  # type: ignore[attr-defined]
            return False
        if not self._secure:
            return True
        # on TLS what came may be a session ticket: only decrypting tells
        timeout = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            self._ahead = self._sock.recv(4096)
            self._ended = not self._ahead
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self._ended = True
        finally:
            self._sock.settimeout(timeout)
        return True

    def fileno(self) -> int:
        """The socket's."""
        return self._sock.fileno()

    def makefile(self, mode: str = "rb", *_: object) -> io.BufferedReader:
        """The reading end, buffered."""
        self._files += 1
        return io.BufferedReader(_Raw(self), 16 * 1024)

    def close(self) -> None:
        """Close once nothing reads from it any more (http.client closes before the body is read)."""
        self._closed = True
        if self._files <= 0:
            self._sock.close()

    def file_closed(self) -> None:
        """A reading end was closed."""
        self._files -= 1
        if self._closed and self._files <= 0:
            self._sock.close()

    @property
    def raw(self) -> socket.socket:
        """The socket below."""
        return self._sock


class _Raw(io.RawIOBase):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._guard.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._guard.file_closed()


class Line(http.client.HTTPConnection):
    """An HTTP/1.1 connection to an endpoint. Not thread-safe: one request at a time."""

    def __init__(
        self,
        endpoint: Endpoint,
        tls: Callable[[], ssl.SSLContext] | None,
        stop: Stop,
        *,
        stall: float,
        connect: float,
        proxy_headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(endpoint.host, endpoint.port, blocksize=CHUNK)
        self.endpoint = endpoint
        self._tls, self._stop, self._stall, self._patience = tls, stop, stall, connect
        self.proxy_headers = proxy_headers or {}
        self.used = 0
        """Requests answered before this one: a reused connection may have been closed by the other side."""
        self.last = ""
        """The last reply on this connection and what it was to ("202 to POST"), for messages."""
        self.spoiled = False
        """True where a request was left half sent: nothing more can be asked here."""

    def connect(self) -> None:
        """Connect, through the proxy and TLS where there is one. Raises OSError, Stopped."""
        at = self.endpoint
        if at.proxy:
            hop, _, port = at.proxy.rpartition(":")
            raw = self._dial(hop.strip("[]"), int(port))
        else:
            raw = self._dial(at.host, at.port)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if at.proxy and at.scheme == "https":
                self._through(raw)
            if at.scheme == "https":
                assert self._tls is not None
                raw.settimeout(self._patience)
                raw = self._tls().wrap_socket(raw, server_hostname=at.server_name or at.host)
        except BaseException:
            raw.close()
            raise
        self.sock: Any = Guard(raw, self._stop, self._stall)

    def _dial(self, host: str, port: int) -> socket.socket:
        last: OSError | None = None
        for family, kind, proto, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self._stop.check()
            sock = socket.socket(family, kind, proto)
            try:
                sock.settimeout(self._patience)
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                last = error
        raise last or OSError(f"{host} has no address")

    def _through(self, raw: socket.socket) -> None:
        at = self.endpoint
        host = f"[{at.host}]" if ":" in at.host else at.host
        lines = [f"CONNECT {host}:{at.port} HTTP/1.1", f"Host: {host}:{at.port}"]
        lines += [f"{name}: {value}" for name, value in self.proxy_headers.items()]
        raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # byte by byte: what follows belongs to TLS
            byte = raw.recv(1)
            if not byte or len(head) > 16384:
                raise ProxyRefused("the proxy closed the connection")
            head += byte
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if status.split(" ")[1:2] != ["200"]:
            raise ProxyRefused(f"{at.proxy} answered {status!r} to CONNECT")

    @property
    def guard(self) -> Guard:
        """The live socket."""
        found = self.sock
        assert isinstance(found, Guard)
        return found

    @property
    def stale(self) -> bool:
        """True where an idle connection was closed, or spoken on, by the other side."""
        return self.sock is None or self.guard.readable()


class ProxyRefused(OSError):
    """The proxy would not connect us."""
