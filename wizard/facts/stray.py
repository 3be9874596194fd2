"""Any other pod of the namespace: does it get out? One of ours that no policy names is tried (facts 8)."""

from dataclasses import dataclass

from wizard.cluster.objects.policies import DEFAULT_DENY
from wizard.cluster.probes.guest import guest
from wizard.cluster.probes.settled import settled
from wizard.facts.base import Sources
from wizard.facts.cni import PORT
from wizard.facts.fetch import experiment, names, probe_image, pull_config


@dataclass(frozen=True, slots=True)
class Stray:
    """`control` is what a pod elsewhere got from the same listener; `outcome` what one in the namespace did."""

    asked: bool
    policy: bool
    control: str
    outcome: str


def gather_stray(sources: Sources) -> Stray:
    """A listener in a scratch namespace, a pod beside it, and a pod in the release's namespace."""
    where = names(sources)
    policy = sources.cluster.get("NetworkPolicy", DEFAULT_DENY, where.namespace) is not None
    with experiment(sources) as place:
        pods = {"listener": ["serve", f":{PORT}", "--for", "300s"], "open": ["sleep", "300"]}
        address, _ = place.start_all(pods, {name: name for name in pods})
        target = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
        control = settled(place, "open", target)
        with guest(sources.cluster, sources.stop, where, probe_image(sources), pull_config(sources)) as stray:
            stray.start("stray", ["sleep", "300"])
            outcome = settled(stray, "stray", target)
    return Stray(sources.answers.cluster.default_deny, policy, control, outcome)
