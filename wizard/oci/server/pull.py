"""Pull: manifests and blobs, whole and by range. Source: OCI distribution-spec 1.1, "Pull"; RFC 9110, section 14."""

import re
from typing import Final

from wizard.oci.server.exchange import Reply, Request
from wizard.oci.server.names import Digest, is_tag
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import Storage

_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def manifest(storage: Storage, request: Request, repository: str, reference: str) -> Reply:
    """GET or HEAD of a manifest by tag or digest."""
    digest = resolve(storage, repository, reference)
    found = storage.manifest(repository, digest)
    if found is None:
        raise Refusal(
            "MANIFEST_UNKNOWN", "no such manifest", detail={"name": repository, "digest": str(digest)}
        )
    headers = {
        "Content-Type": found.media_type,
        "Docker-Content-Digest": str(digest),
        "ETag": f'"{digest}"',
    }
    if not_modified(request, digest):
        return Reply(304, headers)
    return Reply(200, headers, found.body)


def resolve(storage: Storage, repository: str, reference: str) -> Digest:
    """The digest that a tag or digest names. Raises Refusal."""
    if ":" in reference:
        digest = Digest.parse(reference)
        if digest is None:
            raise Refusal(
                "DIGEST_INVALID", "not a sha256 or sha512 digest", detail={"digest": reference[:300]}
            )
        return digest
    if not is_tag(reference):
        raise Refusal("MANIFEST_UNKNOWN", "neither a tag nor a digest", detail={"reference": reference[:300]})
    digest = storage.resolve(repository, reference)
    if digest is None:
        code = "MANIFEST_UNKNOWN" if storage.known(repository) else "NAME_UNKNOWN"
        raise Refusal(code, "no such tag", detail={"name": repository, "tag": reference})
    return digest


def blob(storage: Storage, request: Request, repository: str, digest: Digest) -> Reply:
    """GET or HEAD of a blob, with one byte range at most."""
    found = storage.blob(repository, digest)
    if found is None:
        raise Refusal("BLOB_UNKNOWN", "no such blob", detail={"name": repository, "digest": str(digest)})
    headers = {
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": str(digest),
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
    }
    try:
        if not_modified(request, digest):
            found.close()
            return Reply(304, headers)
        span = byte_range(request, digest, found.size)
    except Refusal:
        found.close()
        raise
    if span is None:
        return Reply(200, headers, blob=found, stop=found.size)
    start, stop = span
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
    return Reply(206, headers, blob=found, start=start, stop=stop)


def not_modified(request: Request, digest: Digest) -> bool:
    """True where the client says it has exactly this."""
    wanted = [tag.strip().removeprefix("W/") for tag in request.header("If-None-Match").split(",")]
    return f'"{digest}"' in wanted


def byte_range(request: Request, digest: Digest, size: int) -> tuple[int, int] | None:
    """[start, stop) of a satisfiable single range; None = the whole (also for what is no byte range, or several).

    Raises Refusal 416 for a range beyond the end, or one that ends before it begins.
    """
    text = request.header("Range")
    match = _RANGE.fullmatch(text.strip())
    if request.method != "GET" or match is None:
        return None
    if request.header("If-Range") not in ("", f'"{digest}"'):
        return None
    first, last = match.groups()
    if first == "" and last == "":
        return None
    if first == "":
        start, stop = max(0, size - int(last)), size
        satisfiable = int(last) > 0 and size > 0
    else:
        start, stop = int(first), size if last == "" else min(size, int(last) + 1)
        satisfiable = start < size and (last == "" or int(last) >= start)
    if not satisfiable:
        raise Refusal(
            "SIZE_INVALID",
            "the blob has no such range",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop
