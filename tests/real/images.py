"""Deterministic multi-platform images as OCI layout folders, and a small pusher of the tests' own.

The same arguments give the same bytes (with compressed layers: for one version of zlib), so digests can be
compared over runs, registries and tools.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

from tests.real.registry import Registry

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Types:
    """The media types of one of the two families."""

    index: str
    manifest: str
    config: str
    layer: str


OCI_TYPES = Types(
    f"{OCI}.index.v1+json", f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json", f"{OCI}.layer.v1.tar"
)
DOCKER_TYPES = Types(
    f"{DOCKER}.distribution.manifest.list.v2+json",
    f"{DOCKER}.distribution.manifest.v2+json",
    f"{DOCKER}.container.image.v1+json",
    f"{DOCKER}.image.rootfs.diff.tar",
)


@dataclass(frozen=True)
class Layer:
    """A layer's descriptor and the digest of its uncompressed tar."""

    descriptor: dict[str, Any]
    diff: str


@dataclass(frozen=True)
class Image:
    """An image index in an OCI layout folder.

    `index` is the descriptor of the index, `manifests` those of its platforms ("linux/arm64" → descriptor),
    `blobs` every config and layer, each once.
    """

    folder: Path
    index: dict[str, Any]
    manifests: dict[str, dict[str, Any]]
    blobs: tuple[dict[str, Any], ...]

    @property
    def digest(self) -> str:
        """The digest of the index."""
        return str(self.index["digest"])

    @property
    def size(self) -> int:
        """Bytes of all blobs and manifests."""
        manifests = (self.index, *self.manifests.values())
        return sum(int(d["size"]) for d in (*manifests, *self.blobs))

    def path(self, digest: str) -> Path:
        """The file of a blob or manifest."""
        return blob_path(self.folder, digest)


def make_image(
    folder: Path,
    *,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"),
    layers: Sequence[int] = (300_000, 40_000),
    seed: str = "image",
    tag: str = "1.0",
    types: Types = OCI_TYPES,
    compressed: bool = True,
    shared: int = 0,
) -> Image:
    """Write an image into an OCI layout folder (made here; other images may be in it).

    LAYERS are the sizes in bytes of the one random file in each layer; the first SHARED of them are the same
    for all platforms.  Layers are gzip (as registries hold them) or plain tar.
    """
    made: dict[str, list[Layer]] = {}
    for platform in platforms:
        owners = ("all" if number < shared else platform for number in range(len(layers)))
        made[platform] = [
            _random_layer(folder, f"{seed}/{owner}/{number}", size, types, compressed)
            for number, (owner, size) in enumerate(zip(owners, layers, strict=True))
        ]
    return assemble(folder, made, {"Cmd": [seed]}, tag=tag, types=types)


def assemble(
    folder: Path,
    layers: Mapping[str, Sequence[Layer]],
    config: Mapping[str, Any],
    *,
    tag: str,
    types: Types = OCI_TYPES,
) -> Image:
    """Make configs, manifests and an index for layers that are in the folder already, by platform."""
    manifests: dict[str, dict[str, Any]] = {}
    blobs: dict[str, dict[str, Any]] = {}
    for platform, own in layers.items():
        os_name, architecture, *variant = platform.split("/")
        where = {"architecture": architecture, "os": os_name, **({"variant": variant[0]} if variant else {})}
        diffs = {"type": "layers", "diff_ids": [layer.diff for layer in own]}
        described = _json_blob(folder, types.config, {**where, "config": config, "rootfs": diffs})
        descriptors = [layer.descriptor for layer in own]
        body = {"schemaVersion": 2, "mediaType": types.manifest, "config": described, "layers": descriptors}
        manifests[platform] = {**_json_blob(folder, types.manifest, body), "platform": where}
        blobs.update((d["digest"], d) for d in (described, *descriptors))
    listed = {"schemaVersion": 2, "mediaType": types.index, "manifests": list(manifests.values())}
    index = _json_blob(folder, types.index, listed)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    _add_to_index(folder, index, tag)
    return Image(folder, index, manifests, tuple(blobs.values()))


def push_image(image: Image, registry: Registry, repository: str, *tags: str) -> str:
    """Push every blob, the platforms' manifests by digest, the index by its digest and by each tag."""
    for descriptor in image.blobs:
        push_blob(registry, repository, image.path(descriptor["digest"]))
    for descriptor in image.manifests.values():
        _push_manifest(registry, repository, descriptor["digest"], descriptor, image)
    for target in tags or (image.digest,):
        _push_manifest(registry, repository, target, image.index, image)
    return image.digest


def push_blob(registry: Registry, repository: str, path: Path) -> str:
    """Upload one file whose name is its hex sha256, streamed in one PUT, unless it is there already."""
    digest = f"sha256:{path.name}"
    if registry.has_blob(repository, digest):
        return digest
    opened = registry.request("POST", f"/v2/{repository}/blobs/uploads/", headers={"Content-Length": "0"})
    assert opened.status == 202, (opened.status, opened.body)
    where = urlsplit(opened.headers["location"])
    query = f"{where.query}&{urlencode({'digest': digest})}".lstrip("&")
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
    with path.open("rb") as file:
        done = registry.request("PUT", f"{where.path}?{query}", _pieces(file), headers)
    assert done.status == 201, (done.status, done.body)
    return digest


def push_manifest(registry: Registry, repository: str, target: str, body: bytes, media_type: str) -> str:
    """PUT manifest bytes under a tag or digest; its digest as computed here."""
    reply = registry.request(
        "PUT", f"/v2/{repository}/manifests/{target}", body, {"Content-Type": media_type}
    )
    assert reply.status == 201, (reply.status, reply.body)
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def blob_path(folder: Path, digest: str) -> Path:
    """Where an OCI layout keeps a blob."""
    algorithm, _, value = digest.partition(":")
    return folder / "blobs" / algorithm / value


def random_bytes(seed: str, size: int) -> Iterator[bytes]:
    """SIZE incompressible bytes that depend on the seed alone, in pieces."""
    source = random.Random(seed)
    for start in range(0, size, _PIECE):
        yield source.randbytes(min(_PIECE, size - start))


def write_blob(folder: Path, pieces: Iterator[bytes], media_type: str) -> dict[str, Any]:
    """Write a blob into an OCI layout folder; its descriptor."""
    home = folder / "blobs" / "sha256"
    home.mkdir(parents=True, exist_ok=True)
    hasher, size, part = hashlib.sha256(), 0, home / "writing"
    with part.open("wb") as file:
        for piece in pieces:
            hasher.update(piece)
            size += file.write(piece)
    part.rename(home / hasher.hexdigest())
    return {"mediaType": media_type, "digest": f"sha256:{hasher.hexdigest()}", "size": size}


def _push_manifest(
    registry: Registry, repository: str, target: str, descriptor: dict[str, Any], image: Image
) -> None:
    body = image.path(descriptor["digest"]).read_bytes()
    assert push_manifest(registry, repository, target, body, descriptor["mediaType"]) == descriptor["digest"]


def _random_layer(folder: Path, seed: str, size: int, types: Types, compressed: bool) -> Layer:
    """One layer with one random file."""
    plain = write_blob(folder, _tar(f"data/{seed.rpartition('/')[2]}.bin", seed, size), types.layer)
    diff = str(plain["digest"])
    if not compressed:
        return Layer(plain, diff)
    source = blob_path(folder, diff)
    with source.open("rb") as tar:
        suffix = "+gzip" if types is OCI_TYPES else ".gzip"
        packed = write_blob(folder, _gzip(tar), types.layer + suffix)
    source.unlink()
    return Layer(packed, diff)


def _tar(name: str, seed: str, size: int) -> Iterator[bytes]:
    member = tarfile.TarInfo(name)
    member.size = size
    yield member.tobuf(tarfile.PAX_FORMAT)
    yield from random_bytes(seed, size)
    yield bytes(-size % 512 + 1024)


def _gzip(source: IO[bytes]) -> Iterator[bytes]:
    """Gzip without a time stamp, at the fastest level: the bytes are random anyway."""
    sink = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=sink, compresslevel=1, mtime=0) as packer:
        for piece in _pieces(source):
            packer.write(piece)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def _json_blob(folder: Path, media_type: str, body: dict[str, Any]) -> dict[str, Any]:
    return write_blob(folder, iter([json.dumps(body, separators=(",", ":")).encode()]), media_type)


def _add_to_index(folder: Path, descriptor: dict[str, Any], tag: str) -> None:
    path = folder / "index.json"
    index = json.loads(path.read_bytes()) if path.exists() else {"schemaVersion": 2, "manifests": []}
    index["manifests"].append({**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}})
    path.write_text(json.dumps(index))
