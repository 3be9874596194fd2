"""The head of an archive: bill of materials and signatures, read and bounded, not yet believed."""

from dataclasses import dataclass

from wizard.bundle import problems
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.medium import Medium, read_exactly
from wizard.bundle.archive.shape import BOM_NAME, SIGNATURES_NAME, payload_at, signatures_at
from wizard.bundle.bom import MOST_BYTES
from wizard.bundle.signatures import ROOM, Damaged, Signature, unpack


@dataclass(frozen=True, slots=True)
class Head:
    """What stands first: bytes to be judged by `trust`, and nothing to be used before."""

    bom: bytes
    signatures: tuple[Signature, ...]
    end: int
    """Offset of the first byte that was not read."""


def read_head(medium: Medium) -> Head:
    """Raises Problem `bundle-not-one`, `bundle-truncated`, `bundle-malformed`, `bundle-bom-invalid` (too large)."""
    where = medium.name
    first = read_exactly(medium, 0, tarhead.BLOCK)
    size = tarhead.size_of(first, BOM_NAME)
    if size is None:
        why = "it is empty" if not first else f"it does not begin with the header of {BOM_NAME}"
        raise problems.not_a_bundle(where, why)
    if size > MOST_BYTES:
        raise problems.bom_invalid(where, f"it has {size} bytes, the most is {MOST_BYTES}; it was not read")
    end = payload_at(size)
    if medium.size < end:
        raise problems.truncated(where, end, medium.size, "its head")
    body = read_exactly(medium, tarhead.BLOCK, size)
    at = tarhead.BLOCK + size
    gap = signatures_at(size) - at
    rest = read_exactly(medium, at, end - at)
    head, content = rest[gap : gap + tarhead.BLOCK], rest[gap + tarhead.BLOCK :]
    if len(body) != size or len(rest) != end - at:
        raise problems.truncated(where, end, tarhead.BLOCK + len(body) + len(rest), "its head")
    if any(rest[:gap]) or tarhead.size_of(head, SIGNATURES_NAME) != ROOM:
        raise problems.malformed(where, f"{SIGNATURES_NAME} does not follow {BOM_NAME}, with {ROOM} bytes")
    try:
        return Head(body, unpack(content), end)
    except Damaged as error:
        raise problems.malformed(where, str(error)) from None
