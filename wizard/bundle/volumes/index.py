"""The index of a split bundle: what its volumes are called, how large they are, what their digests are; signed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.bundle import envelope, problems
from wizard.bundle.keys.public import NotAKey
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.oci.digest import is_digest

KIND = "application/vnd.airgap-wizard.volumes.v1+json"
SUFFIX = ".volumes"
MOST = 1000
"""Volumes of one bundle, its head included."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.v\d{3}\Z")


@dataclass(frozen=True, slots=True)
class Volume:
    """One file. `start` is its first byte's offset in the bundle."""

    name: str
    start: int
    size: int
    digest: str

    @property
    def stop(self) -> int:
        """Offset of the first byte after it."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Index:
    """All volumes, in order; the first is the head. `bom` is the bundle's digest."""

    bom: str
    title: str
    volumes: tuple[Volume, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole bundle."""
        return self.volumes[-1].stop

    def to_json(self) -> dict[str, Any]:
        """The payload."""
        rows = [{"name": v.name, "size": v.size, "digest": v.digest} for v in self.volumes]
        return {"bom": self.bom, "title": self.title, "volumes": rows}

    def place(self, volume: Volume) -> str:
        """ "2 of 5"; the head is 0."""
        return f"{self.volumes.index(volume)} of {len(self.volumes) - 1}"


def read_index(path: Path, policy: Policy, now: float) -> tuple[Index, tuple[Accepted, ...]]:
    """Read and judge. One trusted signature is enough: what is loaded is judged by the bundle's own.

    Raises Problem `bundle-not-found`, `volumes-index-invalid`, and those of `accept`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(envelope.MOST + 1)
    except OSError as error:
        raise problems.not_found(path, str(error)) from None
    try:
        sealed = envelope.from_bytes(data, KIND)
    except (envelope.Damaged, NotAKey) as error:
        raise problems.index_invalid(path, str(error)) from None
    accepted = accept(str(path), sealed.signed_bytes, sealed.signatures, policy, now, partial=True)
    try:
        return _index(sealed.value()), accepted
    except (envelope.Damaged, KeyError, TypeError, ValueError) as error:
        raise problems.index_invalid(path, str(error) or type(error).__name__) from None


def _index(data: dict[str, Any]) -> Index:
    rows, bom, title = data["volumes"], data["bom"], data["title"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        raise ValueError(f"it names no volumes, or more than {MOST}")
    if (
        not isinstance(bom, str)
        or not is_digest(bom)
        or not isinstance(title, str)
        or not title.isprintable()
    ):
        raise ValueError("it does not say whose volumes they are")
    found: list[Volume] = []
    for row in rows:
        name, size, digest = row["name"], row["size"], row["digest"]
        if not isinstance(name, str) or not _NAME.match(name) or name in {v.name for v in found}:
            raise ValueError(f"{ascii(name)[:60]} is no name of a volume, or stands twice")
        if type(size) is not int or size <= 0 or not isinstance(digest, str) or not is_digest(digest):
            raise ValueError(f"size or digest of {name} are none")
        found.append(Volume(name, found[-1].stop if found else 0, size, digest))
    return Index(bom, title, tuple(found))


def stem(name: str) -> str:
    """A FAT-safe stem for names of volumes: letters, digits, dot, dash and underscore."""
    made = re.sub(r"[^A-Za-z0-9._-]", "_", name.removesuffix(".airgap")).strip("._-")[:80]
    return made or "bundle"
