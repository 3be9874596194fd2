"""Opening a bundle: its head, the verdict over it, its shape; and only then is there something to read from.

The order is the point (S2.14): bytes of the bill of materials and signatures, then trust, then its text, then sizes
and headers of the entries, then content.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.bundle import problems
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.head import Head, read_head
from wizard.bundle.archive.medium import FileMedium, Medium, read_exactly
from wizard.bundle.archive.shape import Place, Shape
from wizard.bundle.bom import Bom
from wizard.bundle.bom_json import Invalid, from_bytes
from wizard.bundle.trust.clock import Clock, plausible
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.oci.digest import digest_of


class Bundle:
    """An open, accepted bundle. A context manager."""

    def __init__(
        self, medium: Medium, shape: Shape, accepted: tuple[Accepted, ...], head: Head, policy: Policy
    ) -> None:
        self.medium, self.shape, self.head = medium, shape, head
        self.accepted, self.policy = accepted, policy

    @property
    def bom(self) -> Bom:
        """Its bill of materials."""
        return self.shape.bom

    @property
    def name(self) -> str:
        """Its file."""
        return self.medium.name

    def check_header(self, place: Place) -> None:
        """The header and padding around an entry are what they must be. Raises Problem `bundle-malformed`."""
        wanted = tarhead.header(place.entry.path, place.entry.size)
        if read_exactly(self.medium, place.header, len(wanted)) != wanted:
            self.medium.blame(place.header, place.start)
            raise problems.malformed(
                self.name, f"at byte {place.header} there is not the header of {place.entry.path}"
            )
        pad = tarhead.padding(place.entry.size)
        if pad and any(read_exactly(self.medium, place.stop, pad)):
            self.medium.blame(place.stop, place.stop + pad)
            raise problems.malformed(self.name, f"the padding after {place.entry.path} is not empty")

    def check_structure(self) -> None:
        """Every header that is at hand, and the end. Reads no content. Raises Problem `bundle-malformed`."""
        for place in self.shape.places:
            if self.medium.here(place.header, place.stop + tarhead.padding(place.entry.size)):
                self.check_header(place)
        end = self.shape.size - len(tarhead.END)
        if self.medium.here(end, self.shape.size) and any(read_exactly(self.medium, end, len(tarhead.END))):
            raise problems.malformed(self.name, "it does not end with two empty blocks")

    def close(self) -> None:
        """Close its files."""
        self.medium.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_bundle(
    path: Path | Medium, policy: Policy, clock: Clock = time.time, *, expected: str = ""
) -> Bundle:
    """Open and judge. Nothing after the signatures is read before they are accepted.

    `expected` is the digest that the bundle must have, where one is known. Raises the Problems of `read_head` and `accept`, then `bundle-bom-invalid`, `bundle-truncated`,
    `bundle-malformed`.
    """
    now = clock()
    plausible(now)
    medium = FileMedium(path) if isinstance(path, Path) else path
    try:
        head = read_head(medium)
        accepted = accept(medium.name, head.bom, head.signatures, policy, now)
        if expected and (got := digest_of(head.bom)) != expected:
            medium.blame(0, head.end)
            raise problems.malformed(medium.name, f"it is the bundle {got}, not {expected}")
        bundle = Bundle(medium, shape_of(medium.name, head, medium.size), accepted, head, policy)
        bundle.check_structure()
        return bundle
    except BaseException:
        medium.close()
        raise


def shape_of(where: str, head: Head, size: int) -> Shape:
    """The shape of a head whose archive has `size` bytes. Raises Problem `bundle-bom-invalid`, `bundle-truncated`."""
    try:
        shape = Shape(from_bytes(head.bom))
    except Invalid as error:
        raise problems.bom_invalid(where, str(error)) from None
    if shape.size != size:
        cut = next((p.entry.path for p in shape.places if p.stop > size), "")
        raise problems.truncated(where, shape.size, size, cut)
    return shape
