"""What every part of the simulation works on: the description, the state, and the way to the registries' bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizard.oci.store import Store
from wizard.rehearsal.description import Description
from wizard.rehearsal.state import State

APP = "rehearsal.airgap-wizard/app"
"""Annotation of the pods that a world brings along: what runs in them, their images being on the nodes already."""

DELAYS = {"bind": 0.2, "schedule": 0.05, "pull": 0.5, "start": 0.2, "ready": 0.6, "retry": 1.0, "crash": 1.5}
"""Seconds that each stage takes at tempo 1."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image as a node has it: the digest it was pulled by, what runs in it, its user and its compressed bytes."""

    digest: str
    app: str
    user: str
    size: int


class NotPulled(Exception):
    """A pull failed; the message is in the container runtime's words."""


class Registries(Protocol):
    """The loopback registries, as nodes and pods of the simulated cluster see them."""

    def pull(self, image: str, arch: str, credentials: tuple[str, str] | None) -> Pulled:
        """An image's manifest and config for one architecture, really fetched. Raises NotPulled."""

    def repository(self, name: str, credentials: tuple[str, str] | None) -> Store:
        """HOST/REPOSITORY as a store, asked with these credentials (None = anonymously)."""


@dataclass(slots=True)
class Site:
    """One opened world. `registry` is the internal registry's host, `hosts` all that stand for the outside."""

    described: Description
    state: State
    registries: Registries
    registry: str
    hosts: Sequence[str] = ()
    divide: int = 1

    def delay(self, stage: str) -> float:
        """How long a stage takes here."""
        return DELAYS[stage] * self.described.tempo

    def patience(self, timeout: float) -> float:
        """How long a wait for what may never come lasts here: a rehearsal shows in seconds what takes minutes."""
        return min(timeout, 1.0 + 20.0 * self.described.tempo)

    @property
    def volumes(self) -> Path:
        """Where the content of persistent volumes lives."""
        return self.state.path / "volumes"

    def log_file(self, uid: str, container: str) -> Path:
        """A container's log."""
        return self.state.path / "logs" / uid / f"{container}.log"

    def log(self, uid: str, container: str, *lines: str) -> None:
        """Append lines to a container's log."""
        path = self.log_file(uid, container)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in lines)
