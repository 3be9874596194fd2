"""The CNI by name, and by experiment: does it enforce NetworkPolicy? (S1.9)

A listener; a client that no policy selects; a client under default-deny egress. Enforced means that the first
reaches the listener and the second does not, settled: a new pod is open, or refused, for its first moments.
"""

from dataclasses import dataclass
from enum import StrEnum

from wizard.cluster.objects.names import ours
from wizard.cluster.objects.policies import policy
from wizard.cluster.port import Reader
from wizard.cluster.probes.scratch import Scratch
from wizard.cluster.probes.settled import settled
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment

KNOWN = {
    "calico-node": "calico",
    "cilium": "cilium",
    "antrea-agent": "antrea",
    "kube-router": "kube-router",
    "weave-net": "weave",
    "canal": "canal",
    "kube-flannel": "flannel",
    "kube-flannel-ds": "flannel",
    "kindnet": "kindnet",
    "aws-node": "amazon-vpc-cni",
    "azure-npm": "azure-npm",
    "ovnkube-node": "ovn-kubernetes",
    "sdn": "openshift-sdn",
    "kube-network-policies": "kube-network-policies",
    "rke2-canal": "canal",
    "cilium-agent": "cilium",
}
PORT = 8080


class Enforcement(StrEnum):
    """What the experiment showed."""

    ENFORCED = "enforced"
    NOT_ENFORCED = "not-enforced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cni:
    """`names` by the DaemonSets that are known; `open` and `denied` are the settled outcomes of the two clients."""

    names: tuple[str, ...]
    enforcement: Enforcement
    open: str
    denied: str


def cni_names(cluster: Reader) -> tuple[str, ...]:
    """Names of the networks that run as a known DaemonSet; empty where none is."""
    found = (str(each["metadata"]["name"]) for each in cluster.list("DaemonSet"))
    return tuple(sorted({KNOWN[name] for name in found if name in KNOWN}))


def gather_cni(sources: Sources) -> Cni:
    """Do the experiment in a scratch namespace."""
    who = cni_names(sources.cluster)
    sources.say("CNI: a listener, a client under default deny and one without, in a namespace of their own")
    with experiment(sources) as place:
        open_, denied = _outcomes(place)
    return Cni(who, judge(open_, denied), open_, denied)


def judge(open_: str, denied: str) -> Enforcement:
    """Both controls are required: a listener that nobody reaches proves nothing."""
    if open_ != "reached" or denied == "unsettled":
        return Enforcement.UNKNOWN
    return Enforcement.NOT_ENFORCED if denied == "reached" else Enforcement.ENFORCED


def _outcomes(place: Scratch) -> tuple[str, str]:
    labels = ours("scratch", place.names)
    place.cluster.apply(policy("deny", place.space, {"airgap-wizard/role": "denied"}, (), labels))
    pods = {
        "listener": ["serve", f":{PORT}", "--for", "300s"],
        "open": ["sleep", "300"],
        "denied": ["sleep", "300"],
    }
    address, *_ = place.start_all(pods, {name: name for name in pods})
    host = f"[{address}]" if ":" in address else address
    target = f"{host}:{PORT}"
    return settled(place, "open", target), settled(place, "denied", target)
