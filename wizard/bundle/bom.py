"""The bill of materials: every byte of the bundle, and what each is for. What is signed is this, and nothing else.

Its canonical bytes are the archive's first entry. All sizes are bytes; paths and digests are checked when it is
read, so that whoever uses a `Bom` meets nothing hostile in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wizard.bundle import canonical
from wizard.oci.digest import digest_of

API = "airgap-wizard/bundle/v1"
MOST_BYTES = 8 * 1024 * 1024
"""Bytes of the largest bill of materials that is read: what a reader holds in memory is bounded."""
MOST_ENTRIES = 20_000
REFERRER = "referrer."
"""How the target's tag of a companion begins that goes by digest alone."""
LAYOUT, INDEX = "oci-layout", "index.json"
PURPOSES = ("layout", "index", "manifest", "config", "layer", "weights", "chart", "file", "signature")
KINDS = ("image", "model", "chart", "file", "companion")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive. `of` are the places in `Bom.items` of what needs it; `path` follows from the digest."""

    path: str
    digest: str
    size: int
    media_type: str
    purpose: str
    platform: str = ""
    licence: str = ""
    of: tuple[int, ...] = ()

    @staticmethod
    def blob_path(digest: str) -> str:
        """Where an image layout has a blob."""
        return "blobs/" + digest.replace(":", "/", 1)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is carried: an image, a model, a chart, a file, or a companion (a signature) of one of them.

    `source` is its public name, `target` REPOSITORY:TAG inside a registry, `ref` its name in the image layout,
    `digest` and `size` those of its root manifest, `total` the bytes of all its blobs. `subject` is the digest
    that a companion speaks of. `platforms` () = all that its index has.
    """

    kind: str
    source: str
    target: str
    ref: str
    digest: str
    media_type: str
    size: int
    total: int
    platforms: tuple[str, ...] = ()
    licence: str = ""
    subject: str = ""

    @property
    def repository(self) -> str:
        """The target without its tag."""
        return self.target.rpartition(":")[0]

    @property
    def tag(self) -> str:
        """The target's tag."""
        return self.target.rpartition(":")[2]

    @property
    def by_digest(self) -> bool:
        """True for a companion that has no tag in a registry (an OCI 1.1 referrer)."""
        return self.kind == "companion" and self.tag.startswith(REFERRER)


@dataclass(frozen=True, slots=True)
class Step:
    """One bundle of a series: digest of its bill of materials, name and version."""

    bom: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Base:
    """What a delta builds on: the digest of the target's receipt, and the series it ends, oldest first."""

    receipt: str
    series: tuple[Step, ...]

    @property
    def last(self) -> Step:
        """The bundle that must have been loaded just before."""
        return self.series[-1]


@dataclass(frozen=True)
class Bom:
    """The whole of it. `absent` are entries that a delta leaves out because its base has them."""

    name: str
    version: str
    entries: tuple[Entry, ...]
    items: tuple[Item, ...]
    absent: tuple[Entry, ...] = ()
    base: Base | None = None
    chart: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = ""

    @cached_property
    def body(self) -> bytes:
        """The canonical bytes: what is written and signed."""
        from wizard.bundle.bom_json import to_json

        return canonical.encode(to_json(self))

    @cached_property
    def digest(self) -> str:
        """The bundle's identity."""
        return digest_of(self.body)

    @cached_property
    def by_digest(self) -> Mapping[str, Entry]:
        """Entries that are in the archive, by digest."""
        return {entry.digest: entry for entry in self.entries}

    @property
    def title(self) -> str:
        """NAME VERSION."""
        return f"{self.name} {self.version}"

    @property
    def payload(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries)

    def of_kind(self, kind: str) -> Iterator[tuple[int, Item]]:
        """Items of a kind with their places."""
        return ((place, item) for place, item in enumerate(self.items) if item.kind == kind)

    def find(self, name: str) -> Item | None:
        """The item of that source, target, layout name or digest."""
        for item in self.items:
            if name in (item.source, item.target, item.ref, item.digest):
                return item
        return None
