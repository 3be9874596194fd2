"""HTTP between simulated containers: a connection (see `reach`), then the app behind the port answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from wizard.cluster.port import Obj
from wizard.rehearsal.apps.base import Request, Response, behind
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.net.reach import Reach, connect
from wizard.rehearsal.site import Site


def request(
    site: Site,
    objects: Objects,
    source: Obj,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Response | Reach:
    """The answer, or how the connection failed (outcome `tls` where TLS and plain HTTP meet)."""
    from wizard.rehearsal.apps.registry import app  # apps call each other through here

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    found = connect(site, objects, source, parts.hostname or "", port)
    if found.outcome != "reached":
        return found
    if found.pod is None:
        return _foreign(site, found, secure)
    if secure:
        return Reach("tls", "http: server gave HTTP response to HTTPS client", found.ip, found.port)
    cell = behind(site, objects, found.pod, found.port)
    if cell is None:
        return Reach(
            "refused", f"dial tcp {found.ip}:{found.port}: connect: connection refused", found.ip, found.port
        )
    asked = Request(method, parts.path or "/", dict(headers or {}), dict(body or {}))
    return app(cell.record["app"]).handle(cell, asked)


def _foreign(site: Site, found: Reach, secure: bool) -> Response | Reach:
    """Not a pod: the registry and the API server ask who is there; anything beyond the perimeter just answers."""
    if found.ip == site.described.registry.address or found.port in (6443, 10250):
        return Response(401, {"errors": [{"code": "UNAUTHORIZED"}]})
    return Response(200, "")
