"""The two registries of a rehearsal, in this process and on loopback: the one outside, and the one inside.

What is outside is made once and shared by all worlds that hold the same; what is inside belongs to one world.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.engine.events import Move
from wizard.model.names import ModelName
from wizard.oci.reference import Reference
from wizard.oci.sites import Site as Registry
from wizard.oci.sites import Sites
from wizard.oci.store import Store
from wizard.oci.transport import Transport
from wizard.rehearsal.description import Source
from wizard.rehearsal.images import Blob, Built, build
from wizard.rehearsal.quantities import size
from wizard.rehearsal.weights import make_model

_MADE = 1
"""Raised when the made images change, so that old ones are not taken for them."""


class Pieces:
    """A BlobReader over bytes that are made while they are read."""

    def __init__(self, blob: Blob, offset: int) -> None:
        self._pieces: Iterator[bytes] = blob.pieces()
        self._left = memoryview(b"")
        skip = offset
        while skip:
            self._left = memoryview(next(self._pieces))
            self._left, skip = self._left[skip:], max(0, skip - len(self._left))

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as the piece goes."""
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def seed(folder: Path, source: Source, divide: int, url: str) -> None:
    """Push what the world holds outside, once; another process that does the same is waited for."""
    marker = folder / "seeded"
    with (folder / "seeding").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists():
            return
        with Transport(RehearsedSites(outside=url), environ={}) as transport:
            for image in source.images:
                reference = Reference.parse(image.reference)
                _push(transport.repository(reference), build(image, divide), reference.tag)
        for model in source.models:
            make_model(folder / "models", ModelName.parse(model.name), size(model.size) // divide)
        marker.touch()


def _push(target: Store, built: Built, tag: str) -> None:
    for blob in built.blobs:
        moved = target.put_blob(blob.descriptor, lambda offset, blob=blob: Pieces(blob, offset))  # type: ignore[misc]
        assert moved in (Move.COPIED, Move.PRESENT, Move.MOUNTED)
    for manifest in built.manifests:
        target.put_manifest(manifest)
    target.put_manifest(built.index, tag)


@dataclass(frozen=True)
class RehearsedSites(Sites):
    """Every host that is not known by itself is the outside registry: a rehearsal never leaves this machine."""

    outside: str = ""

    def site(self, host: str) -> Registry:
        """The site of a host."""
        return self.known.get(host) or Registry(host, self.outside, anonymous=True)


def source_folder(base: Path, source: Source, divide: int) -> Path:
    """Where what a description holds outside lives, beside the worlds' own folders."""
    text = json.dumps([_MADE, divide, asdict(source)], sort_keys=True)
    folder = base / ".sources" / hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
