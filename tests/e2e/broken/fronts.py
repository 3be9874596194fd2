"""Doors of the site's registry with a fault: another certificate, none at all, a refusal. The node and we see them alike."""

import socketserver
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.e2e.cluster.cluster import MACHINE_IP, Cluster
from tests.real.certs import Authority, KeyPair
from tests.real.registries import docker_registry


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or does not trust us, is what is tested."""


class OverTls(BaseHTTPRequestHandler):
    """Speaks TLS with whoever calls; subclasses name the context."""

    tls: ssl.SSLContext

    def setup(self) -> None:
        self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """The wrapped socket is ours to close."""
        super().finish()
        self.request.close()


class _Says(OverTls):
    """The same status to whoever has shown a password, as a registry with rights of its own, or a limit, does."""

    status = 403
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """For every path but the first."""
        known = bool(self.headers.get("Authorization"))
        status = 401 if not known else 200 if self.path == "/v2/" else self.status
        code = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}.get(status, "")
        body = b"{}" if status == 200 else f'{{"errors":[{{"code":"{code}","message":"no"}}]}}'.encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="front"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Front:
    """A door: its HOST:PORT for everybody, and the CA that its certificate is from (None: plain HTTP)."""

    host: str
    ca_file: Path | None


@contextmanager
def fronts(
    cluster: Cluster, folder: Path, wanted: Collection[str], stopped: ExitStack
) -> Iterator[dict[str, Front]]:
    """The wanted ones, by name. Of the doors named `trusted-…` the node has the CA; that of `trusted-stopped` closes with
    `stopped`."""
    made: dict[str, Front] = {}
    good = Authority(folder / "authority", "front CA")
    strange = Authority(folder / "stranger", "strange CA")
    with ExitStack() as stack:

        def door(name: str, ca: Authority | None, pair: KeyPair | None, within: ExitStack = stack) -> None:
            """A real registry over the same storage."""
            if name not in wanted:
                return
            (folder / name).mkdir(parents=True)
            storage = {"filesystem": {"rootdirectory": str(cluster.registry.storage)}}
            users = {cluster.registry.user: cluster.registry.password}
            opened = docker_registry(
                folder / name,
                tls=ca,
                server=pair,
                users=users,
                host=MACHINE_IP,
                extra={"storage": storage},
            )
            made[name] = Front(within.enter_context(opened).host, ca.ca_file if ca else None)

        door("plain", None, None)
        door("strange", strange, strange.server(MACHINE_IP))
        door("trusted-good", good, good.server(MACHINE_IP))
        door("trusted-stopped", good, good.server(MACHINE_IP), stack.enter_context(stopped))
        door("trusted-expired", good, good.server(MACHINE_IP, days=-1))
        door("trusted-other-name", good, good.server("elsewhere.example"))
        for status in (s for s in (403, 429) if f"trusted-{s}" in wanted):
            says = type("Says", (_Says,), {"tls": context(good.server(MACHINE_IP)), "status": status})
            made[f"trusted-{status}"] = Front(stack.enter_context(listening(says)), good.ca_file)
        for name, front in made.items():
            if name.startswith("trusted-"):
                trust = cluster.folder / "etc" / "registries" / front.host / "ca.crt"
                trust.parent.mkdir(parents=True)
                trust.write_bytes(good.ca_file.read_bytes())
        yield made


def context(pair: KeyPair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return context


@contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """HOST:PORT, on the machine's side of the node's network."""
    server = _Server((MACHINE_IP, 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"{MACHINE_IP}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
