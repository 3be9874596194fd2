"""A small registry in the test's own process, whose weather a test makes: statuses, headers and bodies by rule.

It keeps to the distribution specification where no rule says otherwise, and writes down every request.
"""

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oci.fake_state import Act, FakeRegistry, Request, sha256

INDEX = "application/vnd.oci.image.index.v1+json"


class Handler(BaseHTTPRequestHandler):
    """Speaks the API."""

    protocol_version = "HTTP/1.1"
    registry: FakeRegistry
    timeout = 20

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def handle(self) -> None:
        """A client that goes away is weather, not an error."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        """Likewise at the end."""
        with suppress(ConnectionError, TimeoutError, ValueError):
            super().finish()

    def reply(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, length: bool = True
    ) -> None:
        """Answer."""
        self.drain()
        self.send_response(status)
        headers = dict(headers or {})
        if length and "Content-Length" not in headers:
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None) -> None:
        """Answer with the specification's error body."""
        body = json.dumps({"errors": [{"code": code, "message": message or code.lower()}]}).encode()
        self.reply(status, body, {"Content-Type": "application/json", **(headers or {})})

    def drain(self) -> bytes:
        """The request's body, if it was not read yet."""
        if self.left:
            data = self.rfile.read(self.left)
            self.asked.body_read += len(data)
            self.left = 0
            return data
        return b""

    def hang_up(self) -> None:
        """Close without an answer."""
        self.close_connection = True

    def _serve(self) -> None:
        registry = self.registry
        url = urlsplit(self.path)
        parsed = parse_qs(url.query)
        self.query = {key: values[0] for key, values in parsed.items()}
        self.left = int(self.headers.get("Content-Length") or 0)
        self.asked = Request(
            self.command, url.path, self.query, dict(self.headers.items()), parsed.get("scope", [])
        )
        with registry.lock:
            registry.requests.append(self.asked)
            rule = next(
                (
                    r
                    for r in registry.rules
                    if r.method == self.command and r.path.search(self.path) and r.times
                ),
                None,
            )
            if rule:
                rule.times -= 1
        if rule and not rule.act(self):
            return
        if url.path == "/token":
            self._token()
            return
        if registry.auth and not self._authorized():
            return
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags|referrers)/(.+)", url.path)
        if url.path == "/v2/":
            self.reply(200, b"{}")
        elif not found:
            self.error(404, "NAME_UNKNOWN")
        else:
            repository, kind, rest = found.groups()
            if kind == "blobs" and rest.startswith("uploads"):
                repository, _, rest = url.path.removeprefix("/v2/").partition("/blobs/uploads")
                self._upload(repository, rest.strip("/"))
            else:
                getattr(self, f"_{kind}")(repository, rest)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

    # --- authentication

    def _authorized(self) -> bool:
        registry = self.registry
        given = self.headers.get("Authorization", "")
        if registry.auth == "basic":
            if given == basic(registry):
                return True
            offer = 'Basic realm="fake"'
        else:
            if given.removeprefix("Bearer ") in registry.tokens:
                return True
            name = re.sub(r"^/v2/(.+)/(manifests|blobs|tags|referrers)/.*", r"\1", urlsplit(self.path).path)
            actions = "pull" if self.command in ("GET", "HEAD") else "pull,push"
            offer = f'Bearer realm="http://{registry.host}/token",service="fake",scope="repository:{name}:{actions}"'
        self.error(401, "UNAUTHORIZED", headers={"WWW-Authenticate": offer})
        return False

    def _token(self) -> None:
        registry = self.registry
        given = self.headers.get("Authorization", "")
        if given and given != basic(registry):
            self.error(401, "UNAUTHORIZED", "wrong password")
            return
        form = parse_qs(self.drain().decode())
        if self.command == "POST" and form.get("refresh_token") != ["id-token"]:
            self.error(401, "UNAUTHORIZED", "no such refresh token")
            return
        self.asked.scopes = self.asked.scopes or form.get("scope", [""])[0].split()
        token = f"token-{registry.number()}"
        registry.tokens.add(token)
        self.reply(200, json.dumps({"token": token, "expires_in": 300}).encode())

    # --- content

    def _manifests(self, repository: str, ref: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            self._put_manifest(repository, ref)
            return
        digest = registry.tags.get((repository, ref), ref)
        if self.command == "DELETE":
            found = registry.manifests.pop((repository, digest), None)
            self.reply(202 if found else 404)
            return
        if (repository, digest) not in registry.manifests:
            self.error(404, "MANIFEST_UNKNOWN")
            return
        body, media_type = registry.manifests[repository, digest]
        self.reply(200, body, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _put_manifest(self, repository: str, ref: str) -> None:
        registry, body = self.registry, self.drain()
        digest = sha256(body)
        data = json.loads(body)
        if ":" in ref and ref.startswith("sha256") and ref != digest:
            self.error(400, "DIGEST_INVALID")
            return
        owned = registry.owned.get(repository, set())
        needed = [
            d["digest"] for d in [*data.get("layers", []), *([data["config"]] if "config" in data else [])]
        ]
        if any(d not in owned for d in needed):
            self.error(404, "MANIFEST_BLOB_UNKNOWN")
            return
        children = [d["digest"] for d in data.get("manifests", [])]
        if registry.wants_children and any((repository, d) not in registry.manifests for d in children):
            self.error(404, "MANIFEST_UNKNOWN", "a manifest of the index is missing")
            return
        registry.manifests[repository, digest] = (body, self.headers["Content-Type"])
        if ref != digest:
            registry.tags[repository, ref] = digest
        headers = {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/manifests/{digest}"}
        self.reply(201, b"", headers)

    def _tags(self, repository: str, _: str) -> None:
        registry = self.registry
        tags = sorted(tag for name, tag in registry.tags if name == repository)
        if not tags:
            self.error(404, "NAME_UNKNOWN")
            return
        later = [tag for tag in tags if tag > self.query.get("last", "")]
        page, headers = later[: registry.page], {"Content-Type": "application/json"}
        if len(later) > len(page):
            headers["Link"] = f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'
        self.reply(200, json.dumps({"name": repository, "tags": page}).encode(), headers)

    def _referrers(self, repository: str, digest: str) -> None:
        registry = self.registry
        if not registry.referrers_api:
            self.error(404, "NOT_FOUND")
            return
        found = []
        for (name, known), (body, media_type) in registry.manifests.items():
            data = json.loads(body)
            if name == repository and data.get("subject", {}).get("digest") == digest:
                kind = data.get("artifactType") or data["config"]["mediaType"]
                found.append(
                    {"mediaType": media_type, "digest": known, "size": len(body), "artifactType": kind}
                )
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()
        self.reply(200, body, {"Content-Type": INDEX})

    def _blobs(self, repository: str, digest: str) -> None:
        registry = self.registry
        if digest not in registry.owned.get(repository, set()):
            self.error(404, "BLOB_UNKNOWN")
            return
        data, status, headers = registry.blobs[digest], 200, {"Docker-Content-Digest": digest}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and registry.ranges:
            begin = int(wanted[1])
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            data, status = data[begin:], 206
        self.reply(status, data, headers)

    def _upload(self, repository: str, number: str) -> None:
        registry = self.registry
        if self.command == "POST":
            source, digest = self.query.get("from"), self.query.get("mount", "")
            if source and digest in registry.owned.get(source, set()):
                registry.owned.setdefault(repository, set()).add(digest)
                self.reply(201, b"", {"Docker-Content-Digest": digest, "Location": "/"})
                return
            number = registry.number()
            registry.uploads[number] = bytearray()
            registry.sessions[number] = threading.Lock()
            self.reply(202, b"", self._where(repository, number))
            return
        # one request at a time, so that GET tells the truth about a request that was cut
        with registry.sessions.get(number, registry.lock):
            self._session(repository, number)

    def _session(self, repository: str, number: str) -> None:
        registry = self.registry
        if number not in registry.uploads:
            self.error(404, "BLOB_UPLOAD_UNKNOWN")
            return
        held = registry.uploads[number]
        if self.command == "GET":
            self.reply(204, b"", self._where(repository, number))
            return
        said = re.fullmatch(r"(\d+)-(\d+)", self.headers.get("Content-Range", ""))
        if said and int(said[1]) != len(held):
            self.error(416, "BLOB_UPLOAD_INVALID", headers=self._where(repository, number))
            return
        while self.left:
            piece = self.rfile.read1(min(self.left, 65536))
            if not piece:
                self.close_connection = True
                return
            held += piece
            self.left -= len(piece)
            self.asked.body_read += len(piece)
        if self.command == "PATCH":
            self.reply(202, b"", self._where(repository, number))
            return
        digest = self.query.get("digest", "")
        if sha256(bytes(held)) != digest:
            del registry.uploads[number]
            self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        registry.blobs[digest] = bytes(held)
        registry.owned.setdefault(repository, set()).add(digest)
        del registry.uploads[number]
        self.reply(
            201, b"", {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/blobs/{digest}"}
        )

    def _where(self, repository: str, number: str) -> dict[str, str]:
        held = len(self.registry.uploads[number])
        return {
            "Location": f"/v2/{repository}/blobs/uploads/{number}?state=x",
            "Range": f"0-{max(0, held - 1)}",
        }


def basic(registry: FakeRegistry) -> str:
    """The Authorization header of the first user."""
    import base64

    user, password = next(iter(registry.users.items()))
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Server(ThreadingHTTPServer):
    """With TLS, the handshake is made in the connection's own thread; who fails at it is let go."""

    tls: ssl.SSLContext | None = None
    alive: set[Any]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember who is connected, so that closing need not wait for them."""
        self.alive.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Gone."""
        self.alive.discard(request)
        super().shutdown_request(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then serve."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(10)
        with suppress(OSError), self.tls.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)


@contextmanager
def fake_registry(tls: ssl.SSLContext | None = None) -> Iterator[FakeRegistry]:
    """A running fake; `tls` is a server's context."""
    registry = FakeRegistry()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"registry": registry}))
    server.tls, server.alive = tls, set()
    server.daemon_threads = False
    server.block_on_close = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        for request in list(server.alive):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        server.server_close()


# --- weather for rules


def answer(status: int, body: bytes = b"", **headers: str) -> Act:
    """Answer this instead; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(status, body, named)


def hang_up(handler: Handler) -> None:
    """Close without a word."""
    handler.hang_up()
