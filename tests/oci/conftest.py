"""What the transport's tests share: a fake registry, transports that are patient for milliseconds, images."""

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oci.fake_registry import FakeRegistry, fake_registry, sha256
from wizard.engine.events import Move, Moved
from wizard.oci.descriptor import Descriptor
from wizard.oci.layout import FileBlob
from wizard.oci.reference import Reference
from wizard.oci.registry import Repository
from wizard.oci.retry import Retries
from wizard.oci.transport import Transport

QUICK = Retries(tries=4, first=0.002, most=0.01, patience=3.0)
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A fake registry, known as `reg.test`."""
    with fake_registry() as found:
        yield found


@pytest.fixture
def transport(registry: FakeRegistry) -> Iterator[Transport]:
    """A transport that knows it, and nobody else."""
    with Transport(registry.sites(), retries=QUICK, stall=2.0, environ={}) as made:
        yield made


@pytest.fixture
def app(transport: Transport) -> Repository:
    """`reg.test/team/app`."""
    return transport.repository(Reference.parse("reg.test/team/app"))


@pytest.fixture
def moves() -> list[Moved]:
    """Collects reports: pass its `append`."""
    return []


def data(size: int, seed: int = 1) -> bytes:
    """Random bytes, the same every time."""
    return random.Random(seed).randbytes(size)


BLOB = data(2_000_000, 3)
DESCRIPTOR = Descriptor("application/octet-stream", sha256(BLOB), len(BLOB))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with BLOB in it."""
    path = tmp_path / "blob"
    path.write_bytes(BLOB)
    return path


def put(app: Repository, file: Path, **more: str) -> Move:
    """Upload BLOB out of its file."""
    return app.put_blob(DESCRIPTOR, lambda offset: FileBlob(file, offset), **more)


_seeds = itertools.count(100)


def place_image(
    registry: FakeRegistry,
    repository: str,
    tag: str,
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64"),
) -> str:
    """An index with one image a platform in the fake; its digest. Different each time."""
    children: list[dict[str, Any]] = []
    for platform in platforms:
        os, architecture = platform.split("/")[:2]
        layers = [registry.put_blob(repository, data(size, next(_seeds))) for size in (70_000, 300)]
        config = registry.put_blob(
            repository, json.dumps({"os": os, "architecture": architecture, "n": next(_seeds)}).encode()
        )
        body = json.dumps(
            {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
        ).encode()
        digest = registry.put_image(repository, f"only-{architecture}", body, OCI_MANIFEST)
        del registry.tags[repository, f"only-{architecture}"]
        where = {"os": os, "architecture": architecture}
        children.append({"mediaType": OCI_MANIFEST, "digest": digest, "size": len(body), "platform": where})
    # spaces on purpose: a copy that writes the JSON anew changes the digest
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}, indent=3).encode()
    return registry.put_image(repository, tag, body, OCI_INDEX)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(params=["read", "poured"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Downloads through a buffer of ours, and through a pipe in the kernel, as only large blobs go."""
    monkeypatch.setattr("wizard.oci.download._LARGE", -1 if request.param == "poured" else 1 << 40)
    return str(request.param)
