"""NetworkPolicy as the API documents it: selected pods are closed but for what some policy's rule lets through."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.selectors import labels_of, matches
from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end: an address, and the pod that has it where it is one."""

    ip: str
    pod: Obj | None = None


def lets(objects: Objects, pod: Obj, peer: Peer, port: int, protocol: str, direction: str) -> bool:
    """Whether the policies that select `pod` let this through; `direction` is Egress or Ingress.

    `port` is that of the listening end after Service translation, as enforcers see it.
    """
    if pod["spec"].get("hostNetwork"):
        return True
    server = peer.pod if direction == "Egress" else pod
    closed = False
    for policy in objects.find("NetworkPolicy", pod["metadata"]["namespace"]):
        spec = policy.get("spec") or {}
        if not matches(spec.get("podSelector") or {}, labels_of(pod)):
            continue
        if direction not in (spec.get("policyTypes") or _types(spec)):
            continue
        closed = True
        for rule in spec.get(direction.lower()) or []:
            if _port(rule.get("ports"), port, protocol, server) and _peer(
                objects, pod, rule, peer, direction
            ):
                return True
    return not closed


def _types(spec: dict[str, Any]) -> list[str]:
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _port(ports: list[dict[str, Any]] | None, port: int, protocol: str, server: Obj | None) -> bool:
    if not ports:
        return True
    for entry in ports:
        if (entry.get("protocol") or "TCP") != protocol:
            continue
        wanted = entry.get("port")
        if isinstance(wanted, str) and not wanted.isdigit():
            wanted = named(server, wanted)
        if wanted is None and "port" in entry:
            continue
        if wanted is None or int(wanted) == port or int(wanted) <= port <= int(entry.get("endPort") or 0):
            return True
    return False


def named(pod: Obj | None, name: str) -> int | None:
    """A container port's number by its name."""
    for container in (pod or {}).get("spec", {}).get("containers") or []:
        for entry in container.get("ports") or []:
            if entry.get("name") == name:
                return int(entry["containerPort"])
    return None


def _peer(objects: Objects, pod: Obj, rule: dict[str, Any], peer: Peer, direction: str) -> bool:
    entries = rule.get("to" if direction == "Egress" else "from")
    if not entries:
        return True
    return any(_entry(objects, pod, entry, peer) for entry in entries)


def _entry(objects: Objects, pod: Obj, entry: dict[str, Any], peer: Peer) -> bool:
    if "ipBlock" in entry:
        address = ipaddress.ip_address(peer.ip)
        inside = address in ipaddress.ip_network(entry["ipBlock"]["cidr"], strict=False)
        excepted = entry["ipBlock"].get("except") or []
        return inside and not any(address in ipaddress.ip_network(e, strict=False) for e in excepted)
    if peer.pod is None or peer.pod["spec"].get("hostNetwork"):
        return False
    where = peer.pod["metadata"]["namespace"]
    if "namespaceSelector" in entry:
        space = objects.get("Namespace", where)
        if not matches(entry["namespaceSelector"] or {}, labels_of(space or {})):
            return False
    elif where != pod["metadata"]["namespace"]:
        return False
    return matches(entry.get("podSelector") or {}, labels_of(peer.pod))
