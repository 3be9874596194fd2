"""What a registry must see in a manifest: its type, the blobs it needs, what it refers to.

Source: OCI image-spec 1.1 (manifest, index, descriptor); Docker image manifest version 2, schema 2.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from wizard.oci.server.names import Digest
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import Descriptor

IMAGES: Final = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
INDEXES: Final = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
SCHEMA1: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_TYPE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}")
MAX_DESCRIPTORS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Examined:
    """A manifest that was looked at. `descriptor` is how a referrers' list shows it."""

    media_type: str
    blobs: tuple[Digest, ...]
    subject: Digest | None
    descriptor: Descriptor


def examine(body: bytes, content_type: str, digest: Digest) -> Examined:
    """Check a manifest and take out what matters. Raises Refusal MANIFEST_INVALID."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _invalid("it is not JSON") from error
    if not isinstance(content, dict):
        raise _invalid("it is not a JSON object")
    given = content_type.partition(";")[0].strip()
    own = content.get("mediaType", "")
    if not isinstance(own, str):
        raise _invalid("mediaType is not a string")
    if given and own and given != own:
        raise _invalid(f"Content-Type is {given}, mediaType is {own}")
    media_type = given or own
    if media_type in SCHEMA1 or content.get("schemaVersion") == 1:
        raise _invalid("Docker schema 1 is not supported: its digest does not cover its bytes")
    if not _TYPE.fullmatch(media_type):
        raise _invalid("neither a Content-Type header nor a mediaType field says what it is")
    subject = _digest(content["subject"], "subject") if content.get("subject") is not None else None
    if media_type in IMAGES:
        blobs = _image(content)
    else:
        blobs = ()
        if media_type in INDEXES:
            for position, item in enumerate(_list(content, "manifests")):
                _digest(item, f"manifests[{position}]")
    return Examined(media_type, blobs, subject, _descriptor(content, media_type, digest, len(body)))


def _image(content: dict[str, Any]) -> tuple[Digest, ...]:
    """The blobs that must be there before an image manifest is."""
    needed = [_digest(content.get("config"), "config")]
    for position, layer in enumerate(_list(content, "layers")):
        where = f"layers[{position}]"
        found = _digest(layer, where)
        # Layers that may not be distributed, or are fetched elsewhere, need not be here.
        kind = str(layer.get("mediaType", ""))
        if "nondistributable" not in kind and "foreign" not in kind and not layer.get("urls"):
            needed.append(found)
    return tuple(dict.fromkeys(needed))


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _invalid(f"{key} is not a list")
    if len(value) > MAX_DESCRIPTORS:
        raise _invalid(f"{key} has more than {MAX_DESCRIPTORS} entries")
    return value


def _digest(descriptor: Any, where: str) -> Digest:
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("digest"), str):
        raise _invalid(f"{where} is not a descriptor")
    size = descriptor.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _invalid(f"{where} has no size")
    digest = Digest.parse(descriptor["digest"])
    if digest is None:
        raise _invalid(f"{where} has no sha256 or sha512 digest")
    return digest


def _descriptor(content: dict[str, Any], media_type: str, digest: Digest, size: int) -> Descriptor:
    entry: dict[str, Any] = {"mediaType": media_type, "digest": str(digest), "size": size}
    artifact_type = content.get("artifactType")
    config = content.get("config")
    if not artifact_type and media_type not in INDEXES and isinstance(config, dict):
        artifact_type = config.get("mediaType")
    if artifact_type:
        entry["artifactType"] = artifact_type
    if content.get("annotations"):
        entry["annotations"] = content["annotations"]
    return entry


def _invalid(reason: str) -> Refusal:
    return Refusal("MANIFEST_INVALID", f"the manifest is not accepted: {reason}")
