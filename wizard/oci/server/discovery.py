"""Content discovery: tags, referrers, the catalogue. Source: OCI distribution-spec 1.1, "Content Discovery"."""

import bisect
import json
from typing import Any, Final
from urllib.parse import quote, urlencode

from wizard.oci.server.exchange import Reply, Request
from wizard.oci.server.names import Digest
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import Storage

INDEX: Final = "application/vnd.oci.image.index.v1+json"


def tags(storage: Storage, request: Request, repository: str, limit: int) -> Reply:
    """GET of the tags, paged by `n` and `last`."""
    if not storage.known(repository):
        raise Refusal("NAME_UNKNOWN", "no such repository", detail={"name": repository})
    names, link = page(request, limit, storage.tags(repository))
    return reply({"name": repository, "tags": names}, link)


def catalog(storage: Storage, request: Request, limit: int) -> Reply:
    """GET of the repositories: docker's API, which clients still use."""
    names, link = page(request, limit, storage.repositories())
    return reply({"repositories": names}, link)


def referrers(storage: Storage, request: Request, repository: str, subject: Digest) -> Reply:
    """GET of what refers to a subject, filtered by artifactType; an unknown subject has none."""
    found = storage.referrers(repository, subject)
    headers = {}
    wanted = request.first("artifactType")
    if wanted:
        found = [descriptor for descriptor in found if descriptor.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    answer = reply({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}, headers)
    answer.headers["Content-Type"] = INDEX
    return answer


def page(request: Request, limit: int, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """The page that was asked for of a sorted list, and a Link to the next one where there is more."""
    text = request.first("n")
    if text is not None:
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Refusal("UNSUPPORTED", "n is not a number", detail={"n": text[:100]}, status=400)
        limit = min(limit, int(text))
    last = request.first("last")
    start = bisect.bisect_right(names, last) if last else 0
    part = names[start : start + limit]
    if not part or start + limit >= len(names):
        return part, {}
    query = urlencode({"n": limit, "last": part[-1]})
    return part, {"Link": f'<{quote(request.path)}?{query}>; rel="next"'}


def reply(content: dict[str, Any], headers: dict[str, str]) -> Reply:
    """A JSON answer."""
    return Reply(200, {"Content-Type": "application/json", **headers}, json.dumps(content).encode())
