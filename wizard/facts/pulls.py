"""Every node pulls the probe image from the internal registry, with the secret that will be used (S1.11)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from wizard.cluster.probes.causes import pull_cause
from wizard.cluster.probes.scratch import Scratch
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment

_SECONDS = 120.0
_AT_ONCE = 6


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


@dataclass(frozen=True, slots=True)
class OutsidePulls:
    """What came of pulling a public image on each node."""

    image: str
    pulls: tuple[Pull, ...]


def gather_pulls(sources: Sources) -> Pulls:
    """A pod on each node, past the scheduler and every taint, that pulls anew (imagePullPolicy Always)."""
    host = sources.answers.registry.host
    sources.say(f"registry: a pull of the probe's image from {host} on each node")
    with experiment(sources) as place:
        pulls = from_nodes(sources, place, "")
        sources.told |= {pull.outcome for pull in pulls if pull.outcome != "pulled"}
        return Pulls(host, pulls, bool(place.pull))


def gather_outside_pulls(sources: Sources) -> OutsidePulls:
    """The same with the probe's public reference: no node should get it."""
    image = sources.answers.images.probe
    sources.say(f"outside: a pull of {image} on each node, which must fail")
    with experiment(sources) as place:
        return OutsidePulls(image, from_nodes(sources, place, image))


def from_nodes(sources: Sources, place: Scratch, image: str) -> tuple[Pull, ...]:
    """One pull a node, several nodes at a time."""
    nodes = sorted(str(node["metadata"]["name"]) for node in sources.cluster.list("Node"))
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(lambda at: _pull(place, f"pull-{at[0]}", at[1], image), enumerate(nodes)))


def _pull(place: Scratch, name: str, node: str, image: str) -> Pull:
    pod = place.pod(name, ["sleep", "0"], node=node, container={"imagePullPolicy": "Always"})
    if image:
        pod["spec"]["containers"][0]["image"] = image
    try:
        place.cluster.run_pod(pod, timeout=_SECONDS, stop=place.stop)
    except Problem as problem:
        if problem.code not in ("pod-did-not-start", "cluster-timeout", "cluster-refused"):
            raise
        words = problem.detail or problem.title
        return Pull(node, pull_cause(words), words)
    return Pull(node, "pulled")
