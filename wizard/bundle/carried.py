"""What the answers ask for, in a bundle."""

from wizard.bundle import problems
from wizard.bundle.archive.opening import Bundle
from wizard.bundle.bom import Item


def carried(bundle: Bundle, kind: str, source: str) -> Item:
    """The item of that kind with that public name. Raises Problem `bundle-lacks`: nothing else is a substitute (S2.24)."""
    found = [item for _, item in bundle.bom.of_kind(kind)]
    for item in found:
        if source in (item.source, item.digest):
            return item
    raise problems.lacks(bundle.name, f"the {kind} {source}", [item.source for item in found])
