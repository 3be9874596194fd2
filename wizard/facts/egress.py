"""The egress matrix: from inside each component's own pod, what of what must not be reached is reached (S1.38).

Three controls make it a proof: something that the policy allows is reached; a pod that no policy selects is tried
against the same targets; and a listener of ours, which only a policy can be in the way of, is among the targets, so
that there is a proof where the perimeter blocks the rest.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address

from wizard.cluster.objects.names import COMPONENTS, PURPOSE, Names
from wizard.cluster.objects.pods import debug_container
from wizard.cluster.port import Obj, PodResult
from wizard.cluster.probes.scratch import Scratch
from wizard.cluster.probes.words import lines
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.cni import PORT
from wizard.facts.dns import dns_service
from wizard.facts.fetch import experiment, names, probe_image

LISTENER = "a pod that the policy does not name"
"""Stands for the listener's address, which is another one in every run."""
LISTENER_BY_IPV6 = f"{LISTENER}, by IPv6"
"""The same pod, where pods have IPv6 addresses: who enforces policies may do so for one family alone."""
LISTENERS = (LISTENER, LISTENER_BY_IPV6)
OUTSIDE_BY_IPV6 = "[2606:4700:4700::1111]:443"
"""Tried where nodes or pods have IPv6 and the answers name no such address."""
_PREFIX = "airgap-probe-"


@dataclass(frozen=True, slots=True)
class Seen:
    """One component. `outcomes` by target; `allowed` is the positive control: (target, outcome)."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, str] = ("", "")
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Egress:
    """`control` is what a pod under no policy got, by target. `left` are components with an ephemeral container now."""

    components: Mapping[str, Seen]
    control: Mapping[str, str]
    left: tuple[str, ...] = ()


def gather_egress(sources: Sources) -> Egress:
    """One ephemeral container for each component: it shares the pod's network, holds no token, and stays in its spec."""
    where = names(sources)
    sources.say("egress: from inside each component's own pod, with controls")
    with ExitStack() as stack:
        place: Scratch = stack.enter_context(experiment(sources))
        address = place.start("listener", ["serve", f":{PORT}", "--for", "600s"], role="listener")
        listeners = _listeners(place, address)
        six = LISTENER_BY_IPV6 in listeners.values() or _nodes_have_ipv6(sources)
        outside = targets(sources.answers.proof.outside, ipv6=six)
        control = _control(place, list(listeners), outside)
        seen, left = {}, []
        for component in COMPONENTS:
            sources.stop.check()
            seen[component], touched = _component(sources, where, component, [*listeners, *outside])
            left += [component] if touched else []
    named = {component: _named(each, listeners) for component, each in seen.items()}
    return Egress(named, {listeners.get(key, key): value for key, value in control.items()}, tuple(left))


def _listeners(place: Scratch, address: str) -> dict[str, str]:
    """The listener's address in each family that pods have here, and what stands for it."""
    status = (place.cluster.get("Pod", "listener", place.space) or {}).get("status") or {}
    found = {}
    for each in dict.fromkeys([address, *(str(row.get("ip")) for row in status.get("podIPs") or ())]):
        six = ":" in each
        found[f"[{each}]:{PORT}" if six else f"{each}:{PORT}"] = LISTENER_BY_IPV6 if six else LISTENER
    if LISTENER not in found.values():  # pods have IPv6 alone
        found = dict.fromkeys(found, LISTENER)
    return found


def _nodes_have_ipv6(sources: Sources) -> bool:
    """Whether any node has an IPv6 address of its own; False where nodes may not be looked at."""
    try:
        nodes = sources.cluster.list("Node")
    except Problem as problem:
        if problem.code == "cluster-unreachable":
            raise
        return False
    rows = [row for node in nodes for row in (node.get("status") or {}).get("addresses") or ()]
    return any(
        ":" in str(row.get("address")) for row in rows if row.get("type") in ("InternalIP", "ExternalIP")
    )


def targets(outside: tuple[str, ...], *, ipv6: bool = False) -> list[str]:
    """The answers' addresses, and DNS over TCP at the first of them that is an IPv4 address.

    With `ipv6` (there is some) an IPv6 address is among them, whatever the answers say.
    """
    if ipv6 and not any(each.startswith("[") for each in outside):
        outside = (*outside, OUTSIDE_BY_IPV6)
    for each in outside:
        host = each.rpartition(":")[0].strip("[]")
        try:
            if ip_address(host).version == 4 and not ip_address(host).is_link_local:
                return list(dict.fromkeys([*outside, f"{host}:53"]))
        except ValueError:
            continue
    return list(outside)


def _named(seen: Seen, listeners: Mapping[str, str]) -> Seen:
    outcomes = {listeners.get(key, key): value for key, value in seen.outcomes.items()}
    return Seen(outcomes, seen.allowed, seen.why_not)


def _control(place: Scratch, listeners: list[str], outside: list[str]) -> dict[str, str]:
    """The best of three: a new pod is refused for its first moments."""
    best: dict[str, str] = {}
    wanted = [*listeners, *outside]
    for turn in range(3):
        result = place.run(f"control-{turn}", ["dial", *wanted, "--timeout", "5s"], timeout=180)
        for target, outcome in _outcomes(result).items():
            if best.get(target) != "reached":
                best[target] = outcome
        if all(best.get(target) == "reached" for target in listeners):
            break
        place.stop.wait(1.0)
    return best


def _outcomes(result: PodResult) -> dict[str, str]:
    return {
        str(line["target"]): str(line.get("outcome")) for line in lines(result.output) if "target" in line
    }


def _component(sources: Sources, where: Names, component: str, wanted: list[str]) -> tuple[Seen, bool]:
    """What it saw, and whether it bears an ephemeral container now."""
    pod = _pod(sources, where, component)
    if pod is None:
        return Seen(why_not=f"no {component} pod runs"), False
    allowed = _allowed(sources, where, component)
    name = _free_name(pod)
    words = ["dial", allowed, *wanted, "--timeout", "5s"]
    container = debug_container(name, probe_image(sources), words)
    try:
        result = sources.cluster.debug(
            str(pod["metadata"]["name"]), where.namespace, container, timeout=300, stop=sources.stop
        )
    except Problem as problem:
        return Seen(why_not=f"{problem.title}: {problem.detail}".rstrip(": ")), False
    outcomes = _outcomes(result)
    missing = [target for target in wanted if target not in outcomes]
    if missing:
        return Seen(why_not=f"the probe did not try {', '.join(missing)}"), True
    return Seen({target: outcomes[target] for target in wanted}, (allowed, outcomes.get(allowed, ""))), True


def _pod(sources: Sources, where: Names, component: str) -> Obj | None:
    for pod in sources.cluster.list("Pod", where.namespace, where.selector(component)):
        labels, status = pod["metadata"].get("labels") or {}, pod.get("status") or {}
        if (
            PURPOSE not in labels
            and status.get("phase") == "Running"
            and not pod["metadata"].get("deletionTimestamp")
        ):
            return pod
    return None


def _allowed(sources: Sources, where: Names, component: str) -> str:
    """What the chart's policy lets it reach: the next component, or DNS."""
    if component == "gateway":
        return where.service("bridge")
    if component == "bridge":
        return where.service("ollama")
    service = dns_service(sources.cluster)
    address = str(((service or {}).get("spec") or {}).get("clusterIP") or "kube-dns.kube-system.svc")
    return f"[{address}]:53" if ":" in address else f"{address}:53"


def _free_name(pod: Obj) -> str:
    taken = {str(each.get("name")) for each in pod["spec"].get("ephemeralContainers") or []}
    number = 1
    while f"{_PREFIX}{number}" in taken:
        number += 1
    return f"{_PREFIX}{number}"
