"""An opened tiny world with answers that fit it, and its images mirrored inside."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.answers.model import Answers, Journey
from wizard.answers.sections.chart import Chart
from wizard.answers.sections.cluster import Cluster as ClusterAnswers
from wizard.answers.sections.registry import Registry
from wizard.oci.copy import Copier, Job
from wizard.oci.reference import Reference
from wizard.oci.transport import Transport
from wizard.rehearsal import TINY
from wizard.rehearsal.cluster import RehearsedCluster
from wizard.rehearsal.loader import load
from wizard.rehearsal.world import RehearsedWorld

HOST = "registry.internal.example"
CHART = Path(__file__).parents[2] / "assets" / "chart" / "opencost-ai"


@dataclass(frozen=True)
class Opened:
    """`world` is open; `answers` fit it."""

    world: RehearsedWorld
    answers: Answers

    @property
    def cluster(self) -> RehearsedCluster:
        """Its cluster."""
        return self.world.cluster(self.answers)

    def mirror(self, *names: str) -> dict[str, str]:
        """Copy images (all, or by the answers' names) inside; references by digest."""
        found = {}
        sites = self.world.sites(self.answers)
        with Transport(sites, environ={}) as transport:
            for name in names or ("gateway", "bridge", "ollama", "probe"):
                source = Reference.parse(getattr(self.answers.images, name))
                target = Reference.parse(
                    f"{HOST}/opencost-ai/{source.repository.rpartition('/')[2]}:{source.tag}"
                )
                job = Job(transport.repository(source), source.ref, transport.repository(target), target.ref)
                found[name] = f"{target.name}@{Copier().copy(job).digest}"
        return found


def answers(**registry: Any) -> Answers:
    """Answers of an install in the rehearsed site."""
    return Answers(
        journey=Journey.INSTALL,
        registry=Registry(host=HOST, **registry),
        cluster=ClusterAnswers(storage_class="internal-block"),
        chart=Chart(source=str(CHART)),
    )


def open_tiny(name: str, state: Path, *, tempo: float = 0.0, **registry: Any) -> Opened:
    """A world with small images and no waiting."""
    described = dataclasses.replace(load(name), tempo=tempo)
    return Opened(RehearsedWorld(described, state, None, divide=TINY), answers(**registry))
