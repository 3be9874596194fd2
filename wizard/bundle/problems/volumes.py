"""Volumes and their index."""

from collections.abc import Iterable

from wizard.bundle.problems.making import bundle_refused, bundle_usage
from wizard.engine.problems import Problem, Remedy


def volume_missing(name: str, place: str, others: Iterable[str], looked: Iterable[str]) -> Problem:
    """A volume that nobody can find. `place` is "3 of 5"."""
    missing = list(others)
    return Problem(
        "volume-missing",
        f"volume {place}, {name}, is not here",
        detail=f"looked in {', '.join(looked)}"
        + (f"; also missing: {', '.join(missing)}" if missing else ""),
        remedies=(
            Remedy(
                "insert the medium that has it and run the same command again: what was loaded stays loaded"
            ),
            Remedy("name further folders with --media DIR, or wait for media with --wait"),
        ),
        evidence={"volume": name, "missing": [name, *missing]},
    )


def volume_damaged(path: object, name: str, expected: str, got: str, is_really: str = "") -> Problem:
    """A volume that is not the one its index describes."""
    what = f"it is {is_really}" if is_really else "a bad medium, a broken copy, or tampering"
    return bundle_refused(
        "volume-damaged",
        f"{path} is not volume {name} as the signed index says",
        f"expected {expected}, got {got}: {what}; the other volumes are not affected",
        f"copy {name} again, just that one, and run the same command",
        file=str(path),
        volume=name,
        expected=expected,
        got=got,
    )


def index_invalid(path: object, why: str) -> Problem:
    """An index of volumes that cannot be used."""
    return bundle_refused(
        "volumes-index-invalid",
        f"{path} is not an index of volumes that can be trusted",
        why,
        "copy the .volumes file again; `bundle split` makes it",
        file=str(path),
    )


def size_invalid(text: str, why: str) -> Problem:
    """A size on the command line."""
    return bundle_usage(
        "size-invalid",
        f"{text!r} is no size for volumes",
        why,
        "write for example 4GB, 3900MB, 700MiB or 16GiB; `fat32` means the most that FAT32 takes",
    )
