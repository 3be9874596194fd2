"""A bundle by its path, whatever lies there: the file, the index of its volumes, or the folder that has either."""

import time
from collections.abc import Sequence
from pathlib import Path

from wizard.bundle import problems
from wizard.bundle.archive.opening import Bundle, open_bundle
from wizard.bundle.trust.clock import Clock, plausible
from wizard.bundle.trust.policy import Policy
from wizard.bundle.volumes.index import SUFFIX, read_index
from wizard.bundle.volumes.media import Ask, VolumesMedium


def open_anywhere(
    path: Path,
    policy: Policy,
    *,
    media: Sequence[Path] = (),
    ask: Ask | None = None,
    clock: Clock = time.time,
) -> Bundle:
    """Open and judge. Volumes are looked for beside the index and in `media`; `ask` waits for missing ones.

    Raises the Problems of `open_bundle` and `read_index`, `volume-missing`, `volume-damaged`.
    """
    path = located(path)
    if path.suffix != SUFFIX:
        return open_bundle(path, policy, clock)
    medium = open_volumes(path, policy, media=media, ask=ask, clock=clock)
    return open_bundle(medium, policy, clock, expected=medium.index.bom)


def open_volumes(
    path: Path,
    policy: Policy,
    *,
    media: Sequence[Path] = (),
    ask: Ask | None = None,
    clock: Clock = time.time,
) -> VolumesMedium:
    """The volumes of an accepted index."""
    now = clock()
    plausible(now)
    index, _ = read_index(path, policy, now)
    return VolumesMedium(path, index, media, ask)


def located(path: Path) -> Path:
    """The bundle in a folder that has one; anything else as it is. Raises Problem `bundle-not-found` (exit 2)."""
    try:
        if not path.is_dir():
            return path
        found = sorted(p for p in path.iterdir() if p.suffix in (SUFFIX, ".airgap") and p.name[0] != ".")
    except OSError as error:
        raise problems.not_found(path, str(error)) from None
    if len(found) == 1:
        return found[0]
    names = ", ".join(p.name for p in found) or "none"
    raise problems.not_found(path, f"it is a folder with {len(found)} bundles in it ({names}); name one")
