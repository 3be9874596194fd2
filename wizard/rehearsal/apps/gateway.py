"""The gateway: `/v1/health`, `/v1/models`, `/v1/tools`, `/v1/ask`; RFC 7807 problems; ready with or without a token."""

import uuid
from typing import Any

from wizard.rehearsal.apps.base import Cell, Request, Response, Started
from wizard.rehearsal.net.http import request as ask
from wizard.rehearsal.net.reach import Reach

_KNOWN = {"query", "model", "stream", "format", "conversation_id"}
_TOKEN_FILE = "/var/run/secrets/opencost-ai/token"  # noqa: S105  (a path)


class Gateway:
    """Listens on 8080, metrics on 9090."""

    def start(self, cell: Cell) -> Started:
        """It starts without a token too, and says so once."""
        component = cell.site.described.components.gateway
        if component.crash:
            return Started((), component.crash, component.exit)
        log = ['{"level":"INFO","msg":"gateway listening","addr":":8080"}']
        if _token(cell) is None:
            log.append(
                '{"level":"WARN","msg":"no bearer token on disk; /v1/ask answers 503 until there is one"}'
            )
        return Started(tuple(log), ports=(8080, 9090))

    def ready(self, cell: Cell) -> bool:
        """It has no readiness probe: running is ready."""
        return not cell.site.described.components.gateway.never_ready

    def handle(self, cell: Cell, request: Request) -> Response:
        """Routes."""
        if request.path == "/v1/health":
            return Response(200, {"status": "ok", "version": "0.1.0"})
        if request.path == "/metrics":
            return Response(200, "opencost_ai_up 1\n")
        if not request.path.startswith("/v1/"):
            return _problem(404, "Not Found", request.path)
        wanted = _token(cell)
        if wanted is None:
            return _problem(503, "Service Unavailable", "authentication is not configured on this gateway")
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return _problem(401, "Unauthorized", "missing or wrong bearer token")
        if request.path == "/v1/models":
            return Response(200, {"models": [], "default": cell.env.get("OPENCOST_AI_DEFAULT_MODEL", "")})
        if request.path == "/v1/tools":
            return Response(200, {"tools": [], "discovery_deferred": True})
        if request.path == "/v1/ask" and request.method == "POST":
            return _ask(cell, request.body)
        return _problem(404, "Not Found", request.path)


def _token(cell: Cell) -> str | None:
    raw = cell.files.read(cell.env.get("OPENCOST_AI_AUTH_TOKEN_FILE", _TOKEN_FILE))
    return raw.decode().strip() if raw and raw.strip() else None


def _ask(cell: Cell, body: Any) -> Response:
    strange = sorted(set(body) - _KNOWN)
    if strange:
        return _problem(400, "Bad Request", f"unknown field {strange[0]!r}")
    query = str(body.get("query") or "")
    if not query.strip():
        return _problem(400, "Bad Request", "query is required")
    env = cell.env
    model = str(body.get("model") or env.get("OPENCOST_AI_DEFAULT_MODEL", ""))
    url = env.get("OPENCOST_AI_BRIDGE_URL", "http://ollama-mcp-bridge:8000") + "/api/chat"
    found = ask(cell.site, cell.objects, cell.pod, "POST", url, body={"model": model, "query": query})
    if isinstance(found, Reach):
        return _problem(503, "Service Unavailable", "the bridge is not reachable")
    if found.status != 200:
        return _problem(502 if found.status == 502 else 503, "Bad Gateway", str(found.body.get("detail", "")))
    calls = [{"name": c["name"], "args": c["args"], "duration_ms": 12} for c in found.body["calls"]]
    answer = {
        "request_id": str(uuid.uuid4()),
        "model": found.body["model"],
        "query": query,
        "answer": found.body["content"],
        "tool_calls": calls,
        "usage": {
            "prompt_tokens": found.body["prompt"],
            "completion_tokens": len(found.body["content"].split()),
        },
        "latency_ms": 40,
    }
    cell.log(
        f'{{"level":"INFO","msg":"ask","request_id":"{answer["request_id"]}","tool_calls":{len(calls)}}}'
    )
    return Response(200, answer, _events(answer, found.body["calls"]) if body.get("stream") else ())


def _events(answer: dict[str, Any], calls: list[dict[str, Any]]) -> tuple[tuple[str, Any], ...]:
    events: list[tuple[str, Any]] = [("thinking", {})]
    for call in calls:
        events += [
            ("tool_call", {"name": call["name"], "args": call["args"]}),
            ("tool_result", {"name": call["name"], "content": call["result"]}),
        ]
    events += [("token", {"text": f"{word} "}) for word in str(answer["answer"]).split()]
    return (*events, ("done", answer))


def _problem(status: int, title: str, detail: str) -> Response:
    return Response(status, {"type": "about:blank", "title": title, "status": status, "detail": detail})
