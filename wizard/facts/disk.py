"""Room on this host, against the bytes that this run will put there (S1.7)."""

import os
from dataclasses import dataclass
from pathlib import Path

from wizard.answers.model import Journey
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.cargo import gather_cargo

_OWN = 64 * 1024 * 1024  # journal, values, chart


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes. `what` says what the room is for."""

    path: str
    free: int
    needed: int
    what: str


def gather_disk(sources: Sources) -> Disk:
    """Registry to registry streams and needs next to none; a bundle needs all of it."""
    bundle = sources.answers.media.bundle
    if sources.answers.journey is Journey.STAGE and bundle is not None:
        cargo = gather_cargo(sources)
        if cargo.unknown:
            raise Problem("cargo-unknown", f"the size of {', '.join(cargo.unknown)} is not known yet")
        total = sum(cargo.images.values()) + sum(cargo.models.values())
        return Disk(
            str(bundle.parent), free(bundle.parent), total + total // 50 + _OWN, f"the bundle {bundle.name}"
        )
    folder = sources.folder or Path()
    return Disk("the run folder", free(folder), _OWN, "journal and values; bytes are streamed, not stored")


def free(path: Path) -> int:
    """Bytes an ordinary user may still write where `path` is, or will be."""
    while not path.exists() and path != path.parent:
        path = path.parent
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
