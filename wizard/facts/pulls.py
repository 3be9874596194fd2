"""Every node pulls the probe image from the internal registry, with the secret that will be used (S1.11)."""

from dataclasses import dataclass

from wizard.cluster.probes.causes import pull_cause
from wizard.cluster.probes.scratch import Scratch
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment

_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Pull:
    """One node's pull: `outcome` is `pulled` or a cause (see `causes.py`); `words` are the runtime's."""

    node: str
    outcome: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Pulls:
    """One a node; `authenticated` = with a pull secret."""

    registry: str
    pulls: tuple[Pull, ...]
    authenticated: bool


def gather_pulls(sources: Sources) -> Pulls:
    """A pod on each node, past the scheduler and every taint, that pulls anew (imagePullPolicy Always)."""
    nodes = sorted(str(node["metadata"]["name"]) for node in sources.cluster.list("Node"))
    with experiment(sources) as place:
        found = []
        for number, node in enumerate(nodes):
            sources.stop.check()
            sources.say(f"registry: a pull from node {node}")
            found.append(_pull(place, f"pull-{number}", node))
        return Pulls(sources.answers.registry.host, tuple(found), bool(place.pull))


def _pull(place: Scratch, name: str, node: str) -> Pull:
    try:
        place.run(name, ["sleep", "0"], timeout=_SECONDS, node=node, container={"imagePullPolicy": "Always"})
    except Problem as problem:
        if problem.code not in ("pod-did-not-start", "cluster-timeout", "cluster-refused"):
            raise
        words = problem.detail or problem.title
        return Pull(node, pull_cause(words), words)
    return Pull(node, "pulled")
