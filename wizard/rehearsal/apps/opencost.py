"""OpenCost: its API on 9003, and its MCP server on 8081 where the world has it switched on."""

from wizard.rehearsal.apps.base import Cell, Request, Response, Started


class OpenCost:
    """What the bridge asks."""

    def start(self, cell: Cell) -> Started:
        """Listens; says whether MCP is on, as newer versions do."""
        described = cell.site.described.opencost
        if described.mcp:
            return Started(
                (f"Starting OpenCost {described.version}", "MCP server listening on :8081"),
                ports=(9003, 8081),
            )
        return Started((f"Starting OpenCost {described.version}", "MCP server is disabled"), ports=(9003,))

    def ready(self, cell: Cell) -> bool:
        """At once."""
        return True

    def handle(self, cell: Cell, request: Request) -> Response:
        """/healthz, and MCP's `initialize`, `tools/list` and `tools/call` as JSON-RPC."""
        described = cell.site.described.opencost
        if request.path == "/healthz":
            return Response(200, "")
        if not request.path.startswith("/mcp") and request.path != "/":
            return Response(404, {"code": 404, "message": "not found"})
        match request.body.get("method"):
            case "initialize":
                info = {"name": "opencost", "version": described.version}
                return Response(
                    200, {"result": {"protocolVersion": "2025-03-26", "serverInfo": info, "capabilities": {}}}
                )
            case "tools/list":
                return Response(200, {"result": {"tools": [{"name": name} for name in described.tools]}})
            case "tools/call":
                rows = ", ".join(f"namespace {n}: {cost} USD" for n, cost in described.costs.items())
                return Response(200, {"result": {"content": [{"type": "text", "text": rows}]}})
        return Response(400, {"error": {"code": -32600, "message": "Invalid Request"}})
