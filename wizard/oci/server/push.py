"""Push and content management. Source: OCI distribution-spec 1.1, "Push", "Content Management"."""

import re
from typing import Final

from wizard.oci.server.exchange import Body, Reply, Request
from wizard.oci.server.manifests import examine
from wizard.oci.server.names import Digest, algorithm_known, is_repository, is_tag
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import Manifest, OutOfOrder, TooMany, Upload, WritableStorage, WrongDigest

MAX_MANIFEST: Final = 4 * 1024 * 1024
"""Bytes of a manifest; the specification wants at least 4 MB to be accepted."""

_CONTENT_RANGE: Final = re.compile(r"(?:bytes[ =])?(\d{1,19})-(\d{1,19})(?:/(?:\d{1,19}|\*))?")


def begin(storage: WritableStorage, request: Request, repository: str) -> Reply:
    """POST: mount, monolithic in one request, or the start of a session."""
    if (text := request.first("mount")) is not None:
        digest = _digest(text)
        source = request.first("from") or None
        if (source is None or is_repository(source)) and storage.mount(repository, digest, source):
            return _created(repository, digest)
    algorithm = request.first("digest-algorithm") or "sha256"
    if not algorithm_known(algorithm):
        raise Refusal("DIGEST_INVALID", "not an algorithm of this registry (sha256, sha512)", status=400)
    whole = _digest(text) if (text := request.first("digest")) is not None else None
    try:
        upload = storage.begin(repository, whole.algorithm if whole else algorithm)
    except TooMany as error:
        raise Refusal(
            "TOOMANYREQUESTS", "too many unfinished uploads", headers={"Retry-After": "30"}
        ) from error
    if whole is None:
        return Reply(202, _session(repository, upload, 0))
    try:
        _receive(upload, request.body, 0, "")
        _finish(upload, whole)
    except BaseException:
        upload.cancel()
        raise
    return _created(repository, whole)


def chunk(storage: WritableStorage, request: Request, repository: str, upload_id: str) -> Reply:
    """PATCH: one chunk, or a stream of unknown length."""
    upload = _find(storage, repository, upload_id)
    size = _receive(upload, request.body, upload.size, request.header("Content-Range"))
    return Reply(202, _session(repository, upload, size))


def finish(storage: WritableStorage, request: Request, repository: str, upload_id: str) -> Reply:
    """PUT: the last bytes, if any, and the digest of the whole."""
    upload = _find(storage, repository, upload_id)
    digest = _digest(request.first("digest") or "")
    _receive(upload, request.body, upload.size, request.header("Content-Range"))
    _finish(upload, digest)
    return _created(repository, digest)


def status(storage: WritableStorage, repository: str, upload_id: str) -> Reply:
    """GET of a session: how far it got."""
    upload = _find(storage, repository, upload_id)
    return Reply(204, _session(repository, upload, upload.size))


def cancel(storage: WritableStorage, repository: str, upload_id: str) -> Reply:
    """DELETE of a session."""
    _find(storage, repository, upload_id).cancel()
    return Reply(204)


def manifest(storage: WritableStorage, request: Request, repository: str, reference: str) -> Reply:
    """PUT of a manifest by tag, or by digest with `tag` parameters."""
    tags = request.query.get("tag", []) if ":" in reference else [reference]
    for tag in tags:
        if not is_tag(tag):
            raise Refusal("MANIFEST_INVALID", "not a tag", detail={"tag": tag[:300]})
    given = _digest(reference) if ":" in reference else None
    body = _whole(request.body, MAX_MANIFEST)
    digest = Digest.of(body, given.algorithm if given else "sha256")
    if given not in (None, digest):
        raise Refusal("DIGEST_INVALID", f"the manifest hashes to {digest}", detail={"digest": reference})
    found = examine(body, request.header("Content-Type"), digest)
    missing = [needed for needed in found.blobs if not storage.has(repository, needed)]
    if missing:
        raise Refusal(
            "MANIFEST_BLOB_UNKNOWN",
            "the manifest names blobs that are not in this repository",
            detail=[{"digest": str(needed)} for needed in missing[:20]],
        )
    storage.put_manifest(
        repository, Manifest(digest, found.media_type, body), tags, found.subject, found.descriptor
    )
    headers = {
        "Location": f"/v2/{repository}/manifests/{digest if given else reference}",
        "Docker-Content-Digest": str(digest),
    }
    if found.subject is not None:
        headers["OCI-Subject"] = str(found.subject)
    if given and tags:
        headers["OCI-Tag"] = ", ".join(tags)
    return Reply(201, headers)


def delete_manifest(storage: WritableStorage, repository: str, reference: str) -> Reply:
    """DELETE of a tag, or of a manifest with its tags."""
    if ":" in reference:
        gone = storage.delete_manifest(repository, _digest(reference))
    elif is_tag(reference):
        gone = storage.delete_tag(repository, reference)
    else:
        raise Refusal("MANIFEST_UNKNOWN", "neither a tag nor a digest", detail={"reference": reference[:300]})
    if not gone:
        code = "MANIFEST_UNKNOWN" if storage.known(repository) else "NAME_UNKNOWN"
        raise Refusal(code, "no such manifest", detail={"name": repository, "reference": reference})
    return Reply(202)


def delete_blob(storage: WritableStorage, repository: str, digest: Digest) -> Reply:
    """DELETE of a blob in one repository."""
    if not storage.delete_blob(repository, digest):
        raise Refusal("BLOB_UNKNOWN", "no such blob", detail={"name": repository, "digest": str(digest)})
    return Reply(202)


def _find(storage: WritableStorage, repository: str, upload_id: str) -> Upload:
    upload = storage.upload(repository, upload_id)
    if upload is None:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", "no such upload session", detail={"upload": upload_id[:300]})
    return upload


def _receive(upload: Upload, body: Body, at: int, content_range: str) -> int:
    """Append a body at the session's end, or refuse it (416) where Content-Range says it belongs elsewhere."""
    if content_range:
        match = _CONTENT_RANGE.fullmatch(content_range.strip())
        if match is None:
            raise Refusal("BLOB_UPLOAD_INVALID", "Content-Range must be FIRST-LAST", status=400)
        first, last = int(match[1]), int(match[2])
        if body.length is not None and last - first + 1 != body.length:
            raise Refusal("SIZE_INVALID", "Content-Range and Content-Length disagree", status=400)
        if first != at:
            raise _out_of_order(at)
    try:
        return upload.append(body, at)
    except OutOfOrder as error:
        raise _out_of_order(error.size) from error
    except FileNotFoundError as error:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", "the upload session was cancelled") from error


def _out_of_order(size: int) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_INVALID",
        f"the next byte of this upload is {size}",
        status=416,
        headers={"Range": _span(size)},
    )


def _finish(upload: Upload, digest: Digest) -> None:
    try:
        upload.finish(digest)
    except WrongDigest as error:
        raise Refusal(
            "DIGEST_INVALID", str(error), detail={"expected": str(digest), "actual": str(error.actual)}
        ) from error
    except FileNotFoundError as error:
        raise Refusal(
            "BLOB_UPLOAD_UNKNOWN", "the upload session was cancelled or finished elsewhere"
        ) from error


def _whole(body: Body, limit: int) -> bytes:
    """All of a small body. Raises Refusal 413."""
    too_large = Refusal("SIZE_INVALID", f"a manifest has at most {limit} bytes", status=413)
    if body.length is not None and body.length > limit:
        raise too_large
    data = bytearray()
    buffer = memoryview(bytearray(64 * 1024))
    while count := body.readinto(buffer):
        data += buffer[:count]
        if len(data) > limit:
            raise too_large
    return bytes(data)


def _digest(text: str) -> Digest:
    digest = Digest.parse(text)
    if digest is None:
        raise Refusal("DIGEST_INVALID", "not a sha256 or sha512 digest", detail={"digest": text[:300]})
    return digest


def _created(repository: str, digest: Digest) -> Reply:
    return Reply(201, {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": str(digest)})


def _session(repository: str, upload: Upload, size: int) -> dict[str, str]:
    return {
        "Location": f"/v2/{repository}/blobs/uploads/{upload.id}",
        "Range": _span(size),
        "Docker-Upload-UUID": upload.id,
    }


def _span(size: int) -> str:
    """What a session has, as docker and the specification write it (nothing yet is 0-0 too)."""
    return f"0-{max(0, size - 1)}"
