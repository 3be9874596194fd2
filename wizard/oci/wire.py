"""One connection to one host: http.client over a guarded socket (guard.py), through a proxy and TLS where need be."""

import http.client
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wizard.engine.stop import Stop
from wizard.oci.digest import CHUNK
from wizard.oci.guard import Guard, PlainGuard, SecureGuard


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
        self.sock: Any = (
            SecureGuard(raw, self._stop, self._stall)
            if isinstance(raw, ssl.SSLSocket)
            else PlainGuard(raw, self._stop, self._stall)
        )

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
