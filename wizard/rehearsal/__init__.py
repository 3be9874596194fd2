"""A simulated site behind the same ports: real registries, bytes and digests on loopback, a described cluster.

    world = open_world("healthy")

`name_or_path` is a world that ships with us (`assets/worlds/NAME.yaml`) or the path of a YAML file. What a run leaves
behind is kept in the world's state folder, so that the next run finds it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.secrets import Prompter

if TYPE_CHECKING:
    from wizard.rehearsal.world import RehearsedWorld

TINY = 256
"""How much smaller layers and weights are where $AIRGAP_WIZARD_REHEARSAL is "tiny" (the simulated cluster then takes
no time either): for tests."""


def open_world(
    name_or_path: str,
    prompter: Prompter | None = None,
    *,
    state: Path | None = None,
    tiny: bool | None = None,
) -> "RehearsedWorld":
    """Open a world. Raises Problem `world-not-found`, `world-invalid`, `rehearsal-state-unreadable`."""
    import dataclasses

    from wizard.rehearsal.loader import load
    from wizard.rehearsal.state import folder
    from wizard.rehearsal.world import RehearsedWorld

    described = load(name_or_path)
    small = os.environ.get("AIRGAP_WIZARD_REHEARSAL") == "tiny" if tiny is None else tiny
    if small:
        described = dataclasses.replace(described, tempo=0.0)
    return RehearsedWorld(described, folder(described.name, state), prompter, divide=TINY if small else 1)
