"""Between cheroot's request and the registry's: bodies in, replies out, credentials, one log event each."""

import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cheroot.server import Gateway as CherootGateway

from wizard.oci.server.body import RequestBody
from wizard.oci.server.exchange import Reply, Request
from wizard.oci.server.htpasswd import Htpasswd
from wizard.oci.server.limits import Limits
from wizard.oci.server.log import Access, Log
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.service import Registry
from wizard.oci.server.storage import Damaged
from wizard.oci.server.wire import Pace, send_slice

if TYPE_CHECKING:
    from wizard.oci.server import http

REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    507: "Insufficient Storage",
}
BODILESS = (204, 304)


class Context:
    """What all requests of a server share."""

    def __init__(
        self, registry: Registry, limits: Limits, htpasswd: Htpasswd | None, log: Log | None
    ) -> None:
        self.registry = registry
        self.limits = limits
        self.htpasswd = htpasswd
        self.log = log

    def gateway(self, request: "http.Request") -> "Gateway":
        """What cheroot calls for each request."""
        return Gateway(request, self)


class Gateway(CherootGateway):
    """One request."""

    def __init__(self, request: "http.Request", context: Context) -> None:
        super().__init__(request)
        self._context = context
        self._user = ""

    def respond(self) -> None:
        """Answer and log. Raises OSError where the connection breaks; then it is logged elsewhere."""
        raw = self.req
        try:
            body = self._body()
        except Refusal as refusal:
            raw.close_connection = True
            body = RequestBody(raw.conn.rfile, 0, Pace(self._context.limits), None)
            reply = _refused(refusal)
        else:
            reply = self._answer(body)
        sent = 0
        try:
            self._settle(body)
            sent = self._send(reply)
        finally:
            if reply.blob is not None:
                reply.blob.close()
            self._record(reply, body, sent)

    def _answer(self, body: RequestBody) -> Reply:
        raw = self.req
        try:
            if raw.path == b"/healthz":
                return Reply(200, {"Content-Type": "text/plain"}, b"ok\n")
            if self._context.htpasswd is not None:
                self._user = self._context.htpasswd.admit(raw.inheaders.get(b"Authorization", b""))
            return self._context.registry.handle(
                Request(
                    raw.method.decode("latin-1"),
                    raw.path.decode("utf-8", "replace"),
                    Request.parse_query(raw.qs.decode("latin-1")),
                    self._header,
                    body,
                )
            )
        except Refusal as refusal:
            return _refused(refusal)
        except Damaged as damage:
            raw.server.trouble(raw.conn.client, str(damage))
            return _refused(Refusal("UNKNOWN", str(damage)))

    def _header(self, name: str) -> str:
        value: bytes = self.req.inheaders.get(name.title().encode(), b"")
        return value.decode("latin-1")

    def _body(self) -> RequestBody:
        """Frame the request's body. Raises Refusal for framing that two readers could read in two ways."""
        raw = self.req
        if raw.inheaders.get(b"Connection", b"").strip().lower() == b"close":
            raw.close_connection = True
        coding = raw.inheaders.get(b"Transfer-Encoding")
        announced: bytes | None = raw.inheaders.get(b"Content-Length")
        length: int | None = 0
        if coding is not None:
            if announced is not None or coding.strip().lower() != b"chunked" or not raw.chunked_read:
                raise Refusal("SIZE_INVALID", "a body has a Content-Length, or is chunked, not both")
            length = None
        elif announced is not None:
            if not announced.isdigit() or len(announced) > 18:
                raise Refusal("SIZE_INVALID", "Content-Length is not a number")
            length = int(announced)
        ask = self._continue if raw.expects and length != 0 else None
        return RequestBody(raw.conn.rfile, length, Pace(self._context.limits), ask)

    def _continue(self) -> None:
        self.req.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _settle(self, body: RequestBody) -> None:
        """Read what little of the body nobody wanted, or plan to close the connection."""
        raw = self.req
        if body.complete:
            return
        short = body.length is not None and body.length <= self._context.limits.drain
        if short and not body.unasked and not raw.close_connection:
            scratch = memoryview(bytearray(64 * 1024))
            while body.readinto(scratch):
                pass
            return
        raw.close_connection = True
        raw.conn.gentle = True

    def _send(self, reply: Reply) -> int:
        raw = self.req
        raw.status = f"{reply.status} {REASONS[reply.status]}".encode()
        if reply.status == 413:
            raw.conn.gentle = True
        raw.outheaders = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in reply.headers.items()
        ]
        raw.outheaders.append((b"Docker-Distribution-Api-Version", b"registry/2.0"))
        raw.outheaders.append((b"X-Content-Type-Options", b"nosniff"))
        if reply.status not in BODILESS:
            raw.outheaders.append((b"Content-Length", str(reply.length).encode()))
        out = raw.conn.wfile
        out.holding = True
        raw.sent_headers = True
        raw.send_headers()
        if raw.method == b"HEAD" or reply.status in BODILESS or reply.length == 0:
            out.release()
            return 0
        if reply.blob is None:
            out.write(reply.body)
            out.release()
            return len(reply.body)
        out.release(more=True)
        pace = Pace(self._context.limits)
        try:
            for piece in reply.blob.slices(reply.start, reply.stop):
                send_slice(raw.conn.socket, piece, pace, self._context.limits.stall)
        except BaseException:
            raw.close_connection = True
            raise
        return pace.moved

    def _record(self, reply: Reply, body: RequestBody, sent: int) -> None:
        log, raw = self._context.log, self.req
        if log is None:
            return
        query = f"?{raw.qs.decode('latin-1')}" if raw.qs else ""
        log(
            Access(
                time.time(),
                raw.conn.client,
                raw.method.decode("latin-1"),
                unquote(raw.path.decode("utf-8", "replace")) + query,
                reply.status,
                body.received,
                sent,
                time.monotonic() - raw.began,
                self._user,
                self._header("User-Agent"),
            )
        )


def _refused(refusal: Refusal) -> Reply:
    return Reply(refusal.status, {"Content-Type": "application/json", **refusal.headers}, refusal.body())
