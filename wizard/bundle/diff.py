"""What is different between two bundles, by item and by bytes."""

from dataclasses import dataclass

from wizard.bundle.bom import Bom


@dataclass(frozen=True, slots=True)
class Change:
    """One item: `how` is added, removed or changed; digests are "" where it is not there."""

    how: str
    kind: str
    source: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, and the bytes of blobs that only the newer one has."""

    changes: tuple[Change, ...]
    new_bytes: int
    kept_bytes: int


def difference(old: Bom, new: Bom) -> Difference:
    """From the old one to the new one; items are told apart by kind and source."""
    before = {(item.kind, item.source): item for item in old.items}
    after = {(item.kind, item.source): item for item in new.items}
    changes = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if one is None and other is not None:
            changes.append(Change("added", *key, "", other.digest))
        elif other is None and one is not None:
            changes.append(Change("removed", *key, one.digest, ""))
        elif one is not None and other is not None and one.digest != other.digest:
            changes.append(Change("changed", *key, one.digest, other.digest))
    known = {entry.digest for entry in (*old.entries, *old.absent)}
    blobs = [*new.entries, *new.absent]
    fresh = sum(entry.size for entry in blobs if entry.digest not in known)
    return Difference(tuple(changes), fresh, sum(entry.size for entry in blobs) - fresh)
