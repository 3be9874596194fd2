"""The checks of the moment when something is broken, as far as they need no more than what was gathered."""

from typing import cast

from wizard.checks.base import Moment
from wizard.checks.registry import at
from wizard.cluster.port import Cluster, Helm
from wizard.diagnosis.reader import SceneCluster, SceneHelm
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Finding, Grade
from wizard.engine.stop import Stop
from wizard.facts.base import Sources, gather
from wizard.facts.dns import Dns
from wizard.facts.kubernetes import Kubernetes
from wizard.facts.nodes import Nodes
from wizard.facts.opencost import OpenCost
from wizard.facts.registry import GATHERERS
from wizard.facts.release import ReleaseState, Volume
from wizard.facts.running import Recorded, RunningImages
from wizard.facts.storage import Storage
from wizard.facts.wanted import Wanted
from wizard.oci.sites import Sites

PASSIVE = frozenset(
    {Wanted, Kubernetes, Nodes, Storage, Dns, OpenCost, ReleaseState, Volume, RunningImages, Recorded}
)
"""Facts that are read, and for which nothing is tried."""


def judged(scene: Scene) -> dict[str, Finding]:
    """Verdicts by check id; none of a check whose facts were not all there. Without answers there are none at all."""
    if scene.answers is None:
        return {}
    sources = Sources(
        scene.answers,
        cast(Cluster, SceneCluster(scene)),
        cast(Helm, SceneHelm(scene)),
        Sites(),
        Stop(),
        dict(scene.recorded),
    )
    facts = gather(PASSIVE, GATHERERS, sources)
    asked = [check for check in at(Moment.BROKEN) if set(check.needs) <= PASSIVE]
    findings = {check.id: check.ask(facts) for check in asked}
    return {name: found for name, found in findings.items() if found.grade is not Grade.UNKNOWN}
