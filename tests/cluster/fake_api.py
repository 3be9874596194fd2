"""A small HTTP server that plays the Kubernetes API: answers as told, and keeps what it was asked."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wizard.cluster.real.adapter import RealCluster

KINDS = {
    "/api/v1": {
        "Pod": "pods",
        "ConfigMap": "configmaps",
        "Event": "events",
        "Node": "nodes",
        "Namespace": "namespaces",
    },
    "/apis/apps/v1": {"Deployment": "deployments"},
    "/apis/example.com/v1": {"Widget": "widgets"},
}
_WIDE = {"Node", "Namespace"}


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Answer = tuple[int, Any]
Handler = Callable[[Asked], Answer | None]


def status(code: int, message: str, reason: str = "") -> Answer:
    """An error as the API says it."""
    return code, {"kind": "Status", "status": "Failure", "code": code, "message": message, "reason": reason}


class FakeApi:
    """`handlers` are asked in turn; the first answer counts; None closes the connection without a word."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.handlers: list[Handler] = []
        self.break_off = 0
        api = self

        class Handling(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(
                    self.command,
                    parts.path,
                    {key: values[0] for key, values in parse_qs(parts.query).items()},
                    {key.lower(): value for key, value in self.headers.items()},
                    json.loads(raw) if raw else None,
                )
                code, body = api.answer(asked)
                if api.break_off:
                    api.break_off -= 1
                    self.close_connection = True
                    return
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PATCH = do_DELETE = do_PUT = do_GET

            def log_message(self, *_: Any) -> None:
                return None

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handling)
        self.host = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, asked: Asked) -> Answer:
        """What comes back."""
        if asked.path in KINDS:
            rows = [
                {"name": plural, "kind": kind, "namespaced": kind not in _WIDE}
                for kind, plural in KINDS[asked.path].items()
            ]
            return 200, {"resources": [*rows, {"name": "pods/log", "kind": "Pod", "namespaced": True}]}
        if asked.path == "/apis":
            return 200, {"groups": [{"preferredVersion": {"groupVersion": "example.com/v1"}}]}
        self.asked.append(asked)
        for handler in self.handlers:
            found = handler(asked)
            if found is not None:
                return found
        return status(404, f"{asked.path} not found", "NotFound")

    def on(self, method: str, path: str, *answers: Answer | Callable[[Asked], Answer]) -> None:
        """Answer METHOD PATH with these in turn; the last one stays."""
        left = list(answers)

        def handler(asked: Asked) -> Answer | None:
            if (asked.method, asked.path) != (method, path):
                return None
            found = left.pop(0) if len(left) > 1 else left[0]
            return found(asked) if callable(found) else found

        self.handlers.append(handler)

    def of(self, method: str, path: str) -> list[Asked]:
        """The requests of that kind."""
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def pods(self, name: str, *states: Any, namespace: str = "s") -> None:
        """A pod that is created and then seen in these statuses, the last one for ever."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        made: dict[str, Any] = {}

        def create(asked: Asked) -> Answer:
            made.update(asked.body)
            made["metadata"] = {**asked.body["metadata"], "uid": "u1", "namespace": namespace}
            return 201, made

        def seen(state: Any) -> Callable[[Asked], Answer]:
            return lambda _: (200, {**made, "status": state})

        self.on("POST", path, create)
        self.on("GET", f"{path}/{name}", *(seen(state) for state in states))
        self.on("DELETE", f"{path}/{name}", (200, {}))
        self.on("GET", f"/api/v1/namespaces/{namespace}/events", (200, {"items": []}))
        self.on("GET", "/api/v1/nodes", (200, {"items": []}))


@contextmanager
def fake_api(pauses: Sequence[float] = (0.0, 0.0, 0.0)) -> Iterator[tuple[FakeApi, RealCluster]]:
    """A running API and the adapter over it."""
    import kubernetes

    api = FakeApi()
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    configuration = kubernetes.client.Configuration(host=api.host)
    configuration.api_key = {"authorization": "t0ken"}
    configuration.api_key_prefix = {"authorization": "Bearer"}
    cluster = RealCluster(kubernetes.client.ApiClient(configuration), pauses)
    try:
        yield api, cluster
    finally:
        cluster.close()
        api.server.shutdown()
        thread.join()
        api.server.server_close()
