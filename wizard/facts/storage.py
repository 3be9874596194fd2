"""The StorageClass that the answers name (S1.10, S1.31)."""

from dataclasses import dataclass

from wizard.facts.base import Sources


@dataclass(frozen=True, slots=True)
class Storage:
    """`others` are the classes that do exist; `binding` is the volumeBindingMode."""

    name: str
    exists: bool
    provisioner: str = ""
    binding: str = ""
    expands: bool = False
    others: tuple[str, ...] = ()


def gather_storage(sources: Sources) -> Storage:
    """Read the StorageClasses."""
    name = sources.answers.cluster.storage_class
    known = {str(each["metadata"]["name"]): each for each in sources.cluster.list("StorageClass")}
    found = known.get(name)
    others = tuple(sorted(set(known) - {name}))
    if found is None:
        return Storage(name, False, others=others)
    return Storage(
        name,
        True,
        str(found.get("provisioner", "")),
        str(found.get("volumeBindingMode") or "Immediate"),
        bool(found.get("allowVolumeExpansion")),
        others,
    )
