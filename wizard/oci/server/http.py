"""cheroot, with what a registry needs on top.

- A connection waits in the selector until it says something, so that idle ones cost no thread; threads are added
  as they are needed, up to a limit.
- A request head (and a TLS handshake) has a deadline; ambiguous framing is refused (request smuggling).
- 100 Continue is sent when somebody wants the body, not before the credentials were looked at.
- A body that nobody read is drained if it is short; else the connection is closed gently.
"""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from traceback import format_exc
from typing import Any

from cheroot.server import Gateway, HeaderReader, HTTPConnection, HTTPRequest, HTTPServer

from wizard.oci.server.limits import Limits
from wizard.oci.server.log import Log, Trouble
from wizard.oci.server.wire import Late, RawReader, Reader, Writer

LINGER = 0.02
"""Seconds that a thread waits for a connection's next request before it turns to others."""

_EXPECT = b":expect"
_ONCE = frozenset(
    {
        b"Content-Length",
        b"Transfer-Encoding",
        b"Host",
        b"Authorization",
        b"Content-Range",
        b"Content-Type",
        b"Range",
    }
)
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Headers(dict[bytes, bytes]):
    """Request headers that refuse to be ambiguous: ValueError becomes 400."""

    def __setitem__(self, key: bytes | None, value: bytes) -> None:
        if key is None:
            raise ValueError("Header continuation without a header.")
        if key in _ONCE and key in self:
            raise ValueError(f"{key.decode('latin-1')} is there twice.")
        super().__setitem__(key, value)


class StrictReader(HeaderReader):
    """Reads headers; keeps Expect away from cheroot, which answers it at once."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read into `hdict`. Raises ValueError for a malformed head."""
        headers: dict[bytes, bytes] = super().__call__(rfile, hdict)
        expect = headers.pop(b"Expect", b"")
        if expect:
            headers[_EXPECT] = expect.lower()
        return headers

    def _transform_key(self, key_name: bytes) -> bytes:
        if not key_name or not _TOKEN.issuperset(key_name):
            raise ValueError("Illegal header name.")
        return key_name.title()


class Request(HTTPRequest):
    """One request on a connection."""

    header_reader = StrictReader()

    def __init__(self, server: "Server", conn: "Connection", **options: Any) -> None:
        super().__init__(server, conn, **options)
        self.inheaders = Headers()
        self.began = time.monotonic()

    def parse_request(self) -> None:
        """Read the head under its deadline."""
        raw = self.conn.rfile.source
        raw.deadline = time.monotonic() + self.server.limits.header_time
        try:
            super().parse_request()
        finally:
            raw.deadline = 0.0

    @property
    def expects(self) -> bool:
        """True where the client waits for 100 Continue before it sends the body."""
        return bool(self.inheaders.get(_EXPECT) == b"100-continue")

    def respond(self) -> None:
        """Hand over to the gateway, which reads the body and sends everything."""
        # cheroot looks here for a body to drain; ours is drained by the gateway.
        self.rfile = None
        self.server.gateway(self).respond()


class Connection(HTTPConnection):
    """One connection."""

    RequestHandlerClass = Request

    def __init__(self, server: "Server", sock: Any, makefile: Any = None) -> None:
        def files(sock: Any, mode: str, _size: int) -> Reader | Writer:
            return Reader(RawReader(sock, server.limits)) if "r" in mode else Writer(sock)

        super().__init__(server, sock, files)
        self.gentle = False
        server.open_connections.add(self)

    def communicate(self) -> bool:
        """Requests and replies; True = keep the connection, nothing is waiting.

        Clients ask again at once; going through the selector and the queue for it costs more than a manifest does.
        """
        while self._once():
            if not self.server.ready or self.rfile.closed:
                return False
            if not self.rfile.has_data() and not self.rfile.source.wait(LINGER):
                return True
        return False

    def _once(self) -> bool:
        request = self.RequestHandlerClass(self.server, self)
        try:
            request.parse_request()
            if not request.ready:
                return False
            request.respond()
            return not request.close_connection
        except Late as error:
            self._say(error)
            if request.started_request and not request.sent_headers:
                with contextlib.suppress(OSError):
                    request.simple_response("408 Request Timeout")
                self.gentle = True
        except ssl.SSLError as error:
            self._say(error)
            if "HTTP_REQUEST" in str(error):
                self._answer_plain()
        except OSError as error:
            self._say(error)
        except Exception as error:
            self.server.trouble(self.client, f"{type(error).__name__}: {error}", format_exc())
            if not request.sent_headers:
                with contextlib.suppress(OSError):
                    request.simple_response("500 Internal Server Error")
        return False

    @property
    def client(self) -> str:
        """ADDRESS:PORT."""
        return f"{self.remote_addr}:{self.remote_port}"

    def _say(self, error: OSError) -> None:
        self.server.trouble(self.client, f"{type(error).__name__}: {error}")

    def _answer_plain(self) -> None:
        """Tell somebody who speaks HTTP to an HTTPS port; the base class's send bypasses TLS."""
        text = b"This registry speaks HTTPS only.\n"
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        with contextlib.suppress(OSError):
            # After the failed handshake the TLS object is of no use; the descriptor is.
            os.write(self.socket.fileno(), head + b"Content-Length: %d\r\n\r\n%s" % (len(text), text))

    def close(self) -> None:
        """Close; where the client may still be sending, let it read the reply first."""
        self.server.open_connections.discard(self)
        with contextlib.suppress(OSError, ValueError):
            if self.gentle and not isinstance(self.socket, ssl.SSLSocket):
                self._linger()
        super().close()

    def _linger(self) -> None:
        """Closing with unread bytes resets the connection, and the reset can overtake the reply."""
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.settimeout(0.5)
        deadline = time.monotonic() + 2.0
        scratch = bytearray(64 * 1024)
        while time.monotonic() < deadline and self.socket.recv_into(scratch):
            pass


class Server(HTTPServer):
    """cheroot's server with limits and events."""

    ConnectionClass = Connection
    request_queue_size = 256
    keep_alive_conn_limit = None  # type: ignore[assignment]  # the stub does not know that None is no limit
    expiration_interval = 0.1

    def __init__(
        self,
        address: tuple[str, int],
        gateway: Callable[["Request"], Gateway],
        limits: Limits,
        log: Log | None,
    ) -> None:
        self.limits = limits
        self.log = log
        self.refusal: OSError | None = None
        self.open_connections: set[Connection] = set()
        super().__init__(
            address, gateway, minthreads=2, maxthreads=limits.threads, server_name="airgap-wizard"
        )
        self.timeout = limits.idle  # type: ignore[assignment]  # any number will do
        self.shutdown_timeout = limits.grace  # type: ignore[assignment]  # any number will do
        self.max_request_header_size = limits.header_bytes

    def bind(self, family: int, type: int, proto: int = 0) -> Any:
        """Bind, and where that fails keep the reason (cheroot makes it text) and close the socket (it forgets)."""
        made = self.prepare_socket(
            self.bind_addr, family, type, proto, self.nodelay, self.ssl_adapter, self.reuse_port
        )
        try:
            made.bind(self.bind_addr)
        except OSError as error:
            made.close()
            self.refusal = error
            raise
        self.socket = made
        self.bind_addr = made.getsockname()[:2]
        return made

    def process_conn(self, conn: Connection) -> None:
        """A new connection waits until it says something; one that has said something gets a thread."""
        if conn.last_used is None:
            conn.socket.settimeout(self.limits.stall)
            if len(self.open_connections) > self.limits.connections:
                self.trouble(conn.client, "too many connections")
                conn.close()
                return
            self.put_conn(conn)
            return
        super().process_conn(conn)
        if self.requests.idle < 1:
            self.requests.grow(1)

    def stop(self) -> None:
        """Let running requests end, within the grace; then cut them (cheroot alone would wait for a slow download)."""
        cut = threading.Timer(self.limits.grace, self._cut)
        cut.start()
        try:
            super().stop()
        finally:
            cut.cancel()

    def _cut(self) -> None:
        for connection in list(self.open_connections):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """cheroot's own messages, as events."""
        detail = ""
        if traceback:
            detail = format_exc()
        self.trouble("", str(msg), detail)

    def trouble(self, client: str, text: str, detail: str = "") -> None:
        """Tell the log."""
        if self.log is not None:
            self.log(Trouble(time.time(), client, text, detail))
