"""The transport: every HTTP exchange with every registry host goes through here.

One `Transport` serves a whole run: it owns the connections, TLS contexts and logins of all hosts, and closes them.
"""

import http.client
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import SplitResult, urlsplit

from wizard import __version__
from wizard.engine.stop import Stop
from wizard.oci.address import origin
from wizard.oci.answer import Answer, Cut
from wizard.oci.auth import Auth
from wizard.oci.client import Client
from wizard.oci.credentials import for_site
from wizard.oci.guard import Guard, PlainGuard, Stalled
from wizard.oci.pool import Pool
from wizard.oci.proxy import proxy_for
from wizard.oci.reference import Reference
from wizard.oci.retry import Retries
from wizard.oci.sites import Site, Sites
from wizard.oci.uploads import Uploads
from wizard.oci.wire import Endpoint, Line

if TYPE_CHECKING:
    from wizard.oci.registry import Repository


_HEAD = 64 * 1024  # bytes of an answer's head that are waited for


class Sink:
    """Where a streamed body goes. Raises Early where the registry answers before it has everything."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.plain = isinstance(guard, PlainGuard)
        """True without TLS: then `file` costs no copy."""

    def __call__(self, view: memoryview) -> None:
        """Send these bytes."""
        if self._guard.readable():
            raise Early
        self._guard.sendall(view)

    def file(self, handle: int, offset: int, count: int) -> None:
        """Send so many bytes of an open file, in the kernel where there is no TLS. Raises EOFError, where it is shorter."""
        if self._guard.readable():
            raise Early
        self._guard.send_file(handle, offset, count)


@dataclass(frozen=True, slots=True)
class Stream:
    """A request body that is produced while it is sent: `feed` calls the sink until `length` bytes are out."""

    length: int
    feed: Callable[[Sink], None]
    settle: float = 0.0
    """Seconds that the registry may be silent at the end, beyond a stall: it hashes and stores what it got."""


class Early(Exception):
    """The registry answered before it had the whole body: stop sending, and read what it says."""


class Transport:
    """Connections, logins and limits for all hosts. Thread-safe; a context manager.

    `stall` and `connect` are seconds. `uploads` remembers unfinished uploads across restarts.
    """

    def __init__(
        self,
        sites: Sites | None = None,
        *,
        stop: Stop | None = None,
        retries: Retries | None = None,
        uploads: Uploads | None = None,
        environ: Mapping[str, str] | None = None,
        stall: float = 60.0,
        connect: float = 15.0,
    ) -> None:
        self.sites = sites or Sites()
        self.stop = stop or Stop()
        self.retries = retries or Retries()
        self.uploads = uploads or Uploads()
        self.environ = os.environ if environ is None else environ
        self._pool = Pool(self.stop, stall=stall, connect=connect)
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def repository(self, reference: Reference) -> "Repository":
        """The repository that a reference names; tag and digest do not matter."""
        from wizard.oci.registry import Repository

        return Repository(self, reference.registry, reference.repository)

    def client(self, host: str) -> Client:
        """The client of one registry host."""
        with self._lock:
            if host not in self._clients:
                site = self.sites.site(host)
                auth = Auth(
                    host,
                    site.plain,
                    lambda: for_site(site, self.environ),
                    lambda method, url, headers, body: self._token_server(site, method, url, headers, body),
                )
                self._clients[host] = Client(self, site, auth)
            return self._clients[host]

    def _token_server(
        self, site: Site, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        return self.client_for_tokens(site).fetch(method, url, headers, body)

    def client_for_tokens(self, site: Site) -> Client:
        """A client that shares a site's TLS settings and never authenticates."""
        nobody = Auth(site.host, site.plain, lambda: None, lambda *_: (0, {}, b""))
        return Client(self, site, nobody)

    def exchange(
        self,
        site: Site,
        url: SplitResult,
        method: str,
        headers: Mapping[str, str],
        body: bytes | Stream | None = None,
    ) -> Answer:
        """One request, one answer, no judgement. Raises OSError (Cut, Stalled and TLS errors are some), Stopped.

        A kept connection that turns out to be dead before the first byte of an answer is replaced, unseen.
        """
        endpoint, proxy_headers = self._endpoint(site, url)
        identify = origin(url) == origin(urlsplit(site.base))
        owner = f"{site.host} {identify}"
        fresh = False
        while True:
            line = self._pool.take(
                endpoint, owner, lambda: self._context(site, identify), proxy_headers, fresh=fresh
            )
            try:
                response = self._send(line, url, method, headers, body)
            except Stalled as error:
                line.close()
                raise Stalled(
                    f"{error} in {method}" + (f"; last reply {line.last}" if line.last else "")
                ) from None
            except (Cut, ConnectionError, http.client.HTTPException) as error:
                line.close()
                dead = line.used
                if dead and not fresh and not isinstance(body, Stream):
                    fresh = True
                    continue
                if isinstance(error, OSError):
                    raise
                raise Cut(f"no sensible answer to {method}: {type(error).__name__} {error}") from None
            except BaseException:
                line.close()
                raise
            line.last = f"{response.status} to {method}"
            return Answer(response, line, lambda used: self._pool.give(used, owner), url.geturl())

    def _send(
        self,
        line: Line,
        url: SplitResult,
        method: str,
        headers: Mapping[str, str],
        body: bytes | Stream | None,
    ) -> http.client.HTTPResponse:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        host = url.netloc.rpartition("@")[2]
        if line.endpoint.proxy and url.scheme == "http":
            target = f"http://{host}{target}"
        line.putrequest(method, target, skip_host=True)
        line.putheader("Host", line.endpoint.server_name or host)
        line.putheader("User-Agent", f"airgap-wizard/{__version__}")
        for name, value in headers.items():
            line.putheader(name, value)
        if line.endpoint.proxy and url.scheme == "http":
            for name, value in line.proxy_headers.items():
                line.putheader(name, value)
        length = body.length if isinstance(body, Stream) else len(body or b"")
        if body is not None or method in ("POST", "PUT", "PATCH"):
            line.putheader("Content-Length", str(length))
        line.endheaders(body if isinstance(body, bytes) and body else None)
        guard = line.guard
        borne = guard.stall
        if isinstance(body, Stream):
            self._pour(line, body)
            guard.stall += body.settle
        guard.limit(_HEAD)
        try:
            return line.getresponse()
        finally:
            guard.stall = borne
            guard.limit(None)

    def _pour(self, line: Line, body: Stream) -> None:
        guard = line.guard
        try:
            body.feed(Sink(guard))
        except Early:
            line.spoiled = True
        except (BrokenPipeError, ConnectionResetError):
            # the registry hung up; it may have said why first
            line.spoiled = True
            if not guard.readable():
                raise

    def _endpoint(self, site: Site, url: SplitResult) -> tuple[Endpoint, dict[str, str]]:
        scheme, host = url.scheme, url.hostname or ""
        port = origin(url)[2]
        proxy, headers = proxy_for(scheme, host, port, self.environ)
        name = site.server_name if (host, port) == origin(urlsplit(site.base))[1:] else ""
        return Endpoint(scheme, host, port, proxy, name), headers

    def _context(self, site: Site, identify: bool) -> ssl.SSLContext:
        from wizard.oci.tls import context

        with self._lock:
            if (site.host, identify) not in self._contexts:
                self._contexts[site.host, identify] = context(site, identify=identify)
            return self._contexts[site.host, identify]

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
