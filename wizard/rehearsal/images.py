"""The images that the outside registry of a rehearsal holds: small, deterministic, and real to every tool.

Layers are pseudo-random bytes (as compressed layers look), the same for the same description; the config's label
`rehearsal.airgap-wizard/app` says what a simulated container of the image does.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wizard.oci import media
from wizard.oci.descriptor import Descriptor
from wizard.oci.manifest import Manifest
from wizard.rehearsal.description import SourceImage
from wizard.rehearsal.quantities import size
from wizard.rehearsal.site import APP

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_PIECE = 1 << 20


def noise(seed: str, count: int) -> Iterator[bytes]:
    """`count` bytes that follow from the seed, in pieces of 1 MiB."""
    source = random.Random(seed)  # noqa: S311  (no secret: it must come out the same every time)
    left = count
    while left > 0:
        piece = source.randbytes(min(_PIECE, left))
        left -= len(piece)
        yield piece


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that can be made again at any time: its descriptor, and its bytes by seed or as they are."""

    descriptor: Descriptor
    seed: str = ""
    data: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        """The bytes."""
        return noise(self.seed, self.descriptor.size) if self.seed else iter((self.data,))


@dataclass(frozen=True, slots=True)
class Built:
    """An image: its index, the manifests under it, and their blobs."""

    index: Manifest
    manifests: tuple[Manifest, ...]
    blobs: tuple[Blob, ...]


def build(image: SourceImage, divide: int = 1) -> Built:
    """The image of a description; `divide` makes its layers that much smaller. The first layer is shared by all
    platforms, as data often is."""
    blobs: dict[str, Blob] = {}
    manifests = []
    entries = []
    for platform in image.platforms:
        os, architecture, *variant = platform.split("/")
        where = {"os": os, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
        layers = [_layer(image, number, platform, divide) for number in range(len(image.layers))]
        config = _json(_config(image, where, layers), _CONFIG)
        body = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": config.descriptor.to_json(),
            "layers": [layer.descriptor.to_json() for layer in layers],
        }
        manifest = Manifest(_bytes(body), media.OCI_MANIFEST)
        manifests.append(manifest)
        entries.append(manifest.descriptor.to_json() | {"platform": where})
        blobs |= {blob.descriptor.digest: blob for blob in (config, *layers)}
    index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}
    return Built(Manifest(_bytes(index), media.OCI_INDEX), tuple(manifests), tuple(blobs.values()))


def _layer(image: SourceImage, number: int, platform: str, divide: int) -> Blob:
    owner = "all" if number == 0 and len(image.layers) > 1 else platform
    seed = f"{image.reference} {owner} {number}"
    count = max(256, size(image.layers[number]) // divide)
    digest = hashlib.sha256()
    for piece in noise(seed, count):
        digest.update(piece)
    return Blob(Descriptor(_LAYER, f"sha256:{digest.hexdigest()}", count), seed)


def _config(image: SourceImage, where: dict[str, str], layers: list[Blob]) -> dict[str, Any]:
    return {
        **where,
        "config": {
            "User": image.user,
            "Labels": {APP: image.app, "org.opencontainers.image.title": image.reference},
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.descriptor.digest for layer in layers]},
    }


def _bytes(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _json(value: Any, media_type: str) -> Blob:
    data = _bytes(value)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Blob(Descriptor(media_type, digest, len(data)), data=data)
