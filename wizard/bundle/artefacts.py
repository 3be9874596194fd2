"""What is no image, as OCI artefacts by digest: the chart as `helm push` makes it, and any file (S5.15)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.bundle import problems
from wizard.oci import media
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of, hasher
from wizard.oci.layout import FileBlob
from wizard.oci.manifest import Manifest
from wizard.oci.store import Opener

CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
FILE = "application/vnd.airgap-wizard.file.v1"
VERSION = "org.opencontainers.image.version"


@dataclass(frozen=True)
class Made:
    """An artefact: its manifest, and how to open each of its blobs."""

    manifest: Manifest
    openers: Mapping[str, Opener] = field(repr=False)


def chart_artefact(tgz: bytes, metadata: Mapping[str, Any]) -> Made:
    """A chart's .tgz, so that `helm pull oci://…` finds what it expects; no time, so the digest is the content's."""
    config = json.dumps(dict(metadata), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    annotations = {media.TITLE: str(metadata.get("name", "")), VERSION: str(metadata.get("version", ""))}
    return _made(
        (CHART_CONFIG, config), Descriptor(CHART_CONTENT, digest_of(tgz), len(tgz)), _bytes(tgz), annotations
    )


def file_artefact(path: Path, title: str) -> Made:
    """A file under its name. It is hashed here once, and again when it is written. Raises Problem `file-not-readable`."""
    try:
        digest, size = _hash(path)
    except OSError as error:
        raise problems.file_unreadable(path, str(error)) from None
    layer = Descriptor("application/octet-stream", digest, size, {media.TITLE: title})
    opener: Opener = lambda offset: FileBlob(path, offset)  # noqa: E731
    return _made((media.OCI_EMPTY, media.EMPTY_BLOB), layer, opener, {media.TITLE: title}, FILE)


def _hash(path: Path) -> tuple[str, int]:
    running = hasher("sha256", path.stat().st_size)
    try:
        with FileBlob(path) as source:
            while True:
                buffer = running.buffer()
                count = source.readinto(buffer)
                running.feed(buffer[:count])
                if not count:
                    return running.digest(), running.count
    finally:
        running.close()


def _made(
    config: tuple[str, bytes],
    layer: Descriptor,
    opener: Opener,
    annotations: Mapping[str, str],
    artifact_type: str = "",
) -> Made:
    kind, body = config
    described = Descriptor(kind, digest_of(body), len(body))
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST}
    if artifact_type:
        document["artifactType"] = artifact_type
    document |= {"config": described.to_json(), "layers": [layer.to_json()], "annotations": dict(annotations)}
    manifest = Manifest(json.dumps(document, separators=(",", ":")).encode(), media.OCI_MANIFEST)
    return Made(manifest, {described.digest: _bytes(body), layer.digest: opener})


def _bytes(data: bytes) -> Opener:
    from wizard.model.source import BytesReader

    make: Callable[[int], BytesReader] = lambda offset: BytesReader(data[offset:])  # noqa: E731
    return make
