"""Where everything is: offsets of all entries, from the bill of materials alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from wizard.bundle.archive import tarhead
from wizard.bundle.bom import Bom, Entry
from wizard.bundle.signatures import ROOM

BOM_NAME, SIGNATURES_NAME = "airgap/bom.json", "airgap/signatures.json"


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's offsets: of its header, of its first byte, and of the first byte after it (padding left out)."""

    entry: Entry
    header: int
    start: int
    stop: int


@dataclass(frozen=True)
class Shape:
    """The archive of a bill of materials."""

    bom: Bom

    @property
    def signatures(self) -> int:
        """Offset of the signatures' header."""
        return signatures_at(len(self.bom.body))

    @property
    def payload(self) -> int:
        """Offset of the first entry that must not be read before the signatures are accepted."""
        return payload_at(len(self.bom.body))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every entry, in order."""
        found, at = [], self.payload
        for entry in self.bom.entries:
            start = at + len(tarhead.header(entry.path, entry.size))
            found.append(Place(entry, at, start, start + entry.size))
            at = start + entry.size + tarhead.padding(entry.size)
        return tuple(found)

    @cached_property
    def by_digest(self) -> Mapping[str, Place]:
        """Places by digest."""
        return {place.entry.digest: place for place in self.places}

    @property
    def size(self) -> int:
        """Bytes of the whole archive."""
        last = self.places[-1]
        return last.stop + tarhead.padding(last.entry.size) + len(tarhead.END)

    @property
    def head(self) -> int:
        """Bytes up to the first entry that is neither layout nor manifest: volume 0 of a split bundle."""
        for place in self.places:
            if place.entry.purpose not in ("layout", "index", "manifest"):
                return place.header
        return self.size


def signatures_at(bom_size: int) -> int:
    """Offset of the signatures' header, for a bill of materials of so many bytes."""
    return tarhead.span(BOM_NAME, bom_size)


def payload_at(bom_size: int) -> int:
    """Offset of the first entry after the signatures."""
    return signatures_at(bom_size) + tarhead.span(SIGNATURES_NAME, ROOM)
