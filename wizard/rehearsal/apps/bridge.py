"""The bridge between the model and OpenCost's MCP server, with the habits that a real cluster showed:

started the way its image starts by itself it wants a writable cache and a package index; it ignores OLLAMA_HOST and
MCP_CONFIG_PATH; it swallows a failed MCP connection and serves with 0 tools; and it keeps a session for ever, so that
every tool call fails once OpenCost's pod was replaced.
"""

import json
from itertools import pairwise
from typing import Any

from wizard.rehearsal.apps.base import Cell, Request, Response, Started
from wizard.rehearsal.net.http import request as ask
from wizard.rehearsal.net.reach import Reach, connect

OWN_URL = "http://localhost:11434"


class Bridge:
    """Listens on 8000."""

    def start(self, cell: Cell) -> Started:
        """Works out its command, connects to MCP once, and serves whatever came of it."""
        component = cell.site.described.components.bridge
        if component.crash:
            return Started((), component.crash, component.exit)
        options = _options(cell.argv)
        if not cell.argv and (why := _bare(cell)):
            return Started((), why, 2)
        cell.record["ollama"] = options.get("--ollama-url") or cell.env.get("OLLAMA_URL") or OWN_URL
        log, tools, session = self._mcp(cell, options.get("--config", ""))
        if component.tools >= 0:
            tools = component.tools
        cell.record.update(tools=tools, session=session)
        if session and cell.site.described.opencost.restarts:
            # done by the controllers at their next round: here everything is being looked at
            cell.objects.section("marks")["replace"] = session
        return Started(
            (*log, f"Total tools available: {tools}", "Uvicorn running on http://0.0.0.0:8000"), ports=(8000,)
        )

    def _mcp(self, cell: Cell, config: str) -> tuple[list[str], int, str]:
        if not config:
            return ["no --config: loading the built-in demonstration servers", "weather: cannot start"], 0, ""
        raw = cell.files.read(config)
        if raw is None:
            return [f"config file {config} not found"], 0, ""
        log, tools, session = [], 0, ""
        for name, server in _servers(raw).items():
            url = str(server.get("url", ""))
            found = ask(cell.site, cell.objects, cell.pod, "POST", url, body={"method": "initialize"})
            if isinstance(found, Reach) or found.status != 200:
                why = found.detail if isinstance(found, Reach) else f"HTTP {found.status}"
                log.append(f"failed to connect to MCP server {name} at {url}: {why}")
                continue
            listed = ask(cell.site, cell.objects, cell.pod, "POST", url, body={"method": "tools/list"})
            count = len(listed.body["result"]["tools"]) if isinstance(listed, Response) else 0
            tools += count
            session = _pod_behind(cell, url)
            cell.record["mcp"] = url
            log.append(f"connected to MCP server {name}: {count} tools")
        return log, tools, session

    def ready(self, cell: Cell) -> bool:
        """Its probe is a TCP connection: Ready says nothing of tools."""
        return not cell.site.described.components.bridge.never_ready

    def handle(self, cell: Cell, request: Request) -> Response:
        """`/health` (its tools as counted at start) and `/api/chat`."""
        if request.path == "/health":
            up = ask(cell.site, cell.objects, cell.pod, "GET", cell.record["ollama"])
            well = isinstance(up, Response) and up.status == 200
            status = "running" if well else "not accessible"
            return Response(
                200 if well else 503,
                {
                    "status": "healthy" if well else "degraded",
                    "ollama_status": status,
                    "tools": cell.record["tools"],
                },
            )
        if request.path == "/api/chat":
            return _chat(cell, request)
        return Response(404, {"detail": "Not Found"})


def _options(argv: list[str]) -> dict[str, str]:
    return {a: b for a, b in pairwise(argv) if a.startswith("--")}


def _bare(cell: Cell) -> str:
    """Why the image's own start-up fails; "" where it does not."""
    env = cell.env
    home = env.get("UV_CACHE_DIR") or f"{env.get('HOME', '')}/.cache/uv"
    if not cell.files.writable(home):
        return f"error: Failed to initialize cache at `{home}`: Read-only file system (os error 30)"
    if not env.get("UV_NO_SYNC"):
        return "error: Failed to fetch the package index: dns error: failed to lookup address information"
    return ""


def _servers(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return dict(found.get("mcpServers") or {})


def _pod_behind(cell: Cell, url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    found = connect(cell.site, cell.objects, cell.pod, parts.hostname or "", parts.port or 80)
    return str(found.pod["metadata"]["uid"]) if found.pod else ""


def _chat(cell: Cell, request: Request) -> Response:
    tools = int(cell.record["tools"])
    body = {**request.body, "tools": tools > 0}
    found = ask(cell.site, cell.objects, cell.pod, "POST", f"{cell.record['ollama']}/api/chat", body=body)
    if isinstance(found, Reach):
        return Response(503, {"detail": f"Ollama is not reachable: {found.detail}"})
    if found.status != 200:
        return Response(502, {"detail": found.body["error"]})
    if not tools:
        return Response(
            200,
            {
                **found.body,
                "content": "I have no cost data to look at, but costs often vary by namespace.",
                "calls": [],
                "prompt": 69,
            },
        )
    name = next((t for t in cell.site.described.opencost.tools), "tool")
    call: dict[str, Any] = {
        "name": f"opencost.{name}",
        "args": {"window": "yesterday", "aggregate": "namespace"},
    }
    told = _call(cell, name)
    cell.log(f"tool {name}: {told[1]}")
    text = (
        f"Yesterday's costs: {told[1]}."
        if told[0]
        else "I could not get the cost data; please try again later."
    )
    return Response(
        200, {**found.body, "content": text, "calls": [{**call, "result": told[1]}], "prompt": 319}
    )


def _call(cell: Cell, name: str) -> tuple[bool, str]:
    url, session = str(cell.record.get("mcp", "")), cell.record.get("session")
    if not url:
        return False, "no such tool"
    if _pod_behind(cell, url) != session:
        return False, "Session terminated"
    found = ask(
        cell.site,
        cell.objects,
        cell.pod,
        "POST",
        url,
        body={"method": "tools/call", "params": {"name": name}},
    )
    if isinstance(found, Reach):
        return False, found.detail
    return True, str(found.body["result"]["content"][0]["text"])
