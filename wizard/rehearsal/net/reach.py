"""Who reaches whom: DNS, policies on both ends if the CNI enforces them, Services, the perimeter."""

from dataclasses import dataclass, field
from typing import Any

from wizard.cluster.objects.selectors import labels_of, plain
from wizard.cluster.port import Obj
from wizard.rehearsal.apps.base import listening
from wizard.rehearsal.description import Blocked
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.net import names
from wizard.rehearsal.net.policy import Peer, lets, named
from wizard.rehearsal.site import Site

METADATA = "169.254.169.254"


@dataclass(frozen=True, slots=True)
class Reach:
    """How a connection ended: reached, refused, timeout, unreachable or name-unknown."""

    outcome: str
    detail: str = ""
    ip: str = ""
    port: int = 0
    pod: Obj | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """How a DNS question ended: resolved, name-unknown, timeout or refused."""

    outcome: str
    addresses: tuple[str, ...] = ()
    detail: str = ""


def resolve(site: Site, objects: Objects, source: Obj, name: str) -> Lookup:
    """Ask the cluster's DNS from inside a pod."""
    address = names.literal(name)
    if address:
        return Lookup("resolved", (address,))
    asked = f"lookup {name}"
    servers = [
        p
        for p in objects.find("Pod", site.described.dns.namespace)
        if plain(site.described.dns.labels, labels_of(p)) and p["status"].get("podIP")
    ]
    if not servers:
        return Lookup("timeout", (), f"{asked}: i/o timeout (no DNS pod answers)")
    if not _through(
        site, objects, source, Peer(servers[0]["status"]["podIP"], servers[0]), site.described.dns.port, "UDP"
    ):
        return Lookup(
            "timeout", (), f"{asked}: i/o timeout"
        )  # a blocked question is never answered, whatever the CNI
    found = names.lookup(site, objects, name, source["metadata"]["namespace"])
    if found:
        return Lookup("resolved", tuple(found))
    return Lookup("name-unknown", (), f"{asked}: no such host")


def connect(site: Site, objects: Objects, source: Obj, host: str, port: int) -> Reach:
    """Open a TCP connection from a pod."""
    found = resolve(site, objects, source, host)
    if found.outcome != "resolved":
        return Reach(found.outcome, f"dial tcp: {found.detail}", "", port)
    return _to(site, objects, source, found.addresses[0], port)


def _to(site: Site, objects: Objects, source: Obj, ip: str, port: int) -> Reach:
    if ip == source["status"].get("podIP") or ip in ("127.0.0.1", "::1"):
        return _arrive(site, objects, source, ip, port)
    service = _service(objects, ip)
    if service is not None:
        return _through_service(site, objects, source, service, ip, port)
    pod = next((p for p in objects.find("Pod") if p["status"].get("podIP") == ip), None)
    if not _through(site, objects, source, Peer(ip, pod), port, "TCP"):
        return _blocked(site.described.cni.blocked, ip, port)
    if pod is not None:
        return _arrive(site, objects, pod, ip, port)
    return _beyond(site, objects, ip, port)


def _service(objects: Objects, ip: str) -> Obj | None:
    return next((s for s in objects.find("Service") if s["spec"].get("clusterIP") == ip), None)


def _through_service(site: Site, objects: Objects, source: Obj, service: Obj, ip: str, port: int) -> Reach:
    entry = next((p for p in service["spec"].get("ports") or [] if p["port"] == port), None)
    if entry is None:
        # an address of a Service answers on its own ports alone
        return _blocked(Blocked.TIMEOUT, ip, port)
    if service["metadata"]["name"] == "kubernetes" and service["metadata"]["namespace"] == "default":
        if not _through(site, objects, source, Peer(names.API_ADDRESS), 6443, "TCP"):
            return _blocked(site.described.cni.blocked, ip, port)
        return Reach("reached", "", names.API_ADDRESS, 6443)
    behind = names.endpoints(objects, service)
    if not behind:
        return _blocked(Blocked.REFUSED, ip, port)
    pod = behind[0]
    target: Any = entry["targetPort"]
    number = target if isinstance(target, int) else named(pod, target) or 0
    if not _through(site, objects, source, Peer(pod["status"]["podIP"], pod), number, "TCP"):
        return _blocked(site.described.cni.blocked, ip, port)
    return _arrive(site, objects, pod, pod["status"]["podIP"], number)


def _through(site: Site, objects: Objects, source: Obj, peer: Peer, port: int, protocol: str) -> bool:
    cni = site.described.cni
    if not cni.enforces:
        return True
    if _settled(site, objects, source) and not lets(objects, source, peer, port, protocol, "Egress"):
        return False
    if peer.pod is None or peer.pod["metadata"]["uid"] == source["metadata"]["uid"]:
        return True
    back = Peer(source["status"].get("podIP", "0.0.0.0"), source)  # noqa: S104  (an address that no rule names)
    return not _settled(site, objects, peer.pod) or lets(objects, peer.pod, back, port, protocol, "Ingress")


def _settled(site: Site, objects: Objects, pod: Obj) -> bool:
    started: float = objects.inner(pod).get("started", 0.0)
    return objects.now - started >= site.described.cni.settles * site.described.tempo


def _arrive(site: Site, objects: Objects, pod: Obj, ip: str, port: int) -> Reach:
    if port in listening(site, objects, pod):
        return Reach("reached", "", ip, port, pod)
    return Reach("refused", f"dial tcp {_address(ip, port)}: connect: connection refused", ip, port)


def _beyond(site: Site, objects: Objects, ip: str, port: int) -> Reach:
    perimeter, registry = site.described.perimeter, site.described.registry
    if ip == registry.address:
        own = int(site.registry.rpartition(":")[2]) if ":" in site.registry else 443
        if port == own:
            return Reach("reached", "", ip, port)
        return _blocked(Blocked.REFUSED, ip, port)
    if ip.startswith("10.20.0."):  # the nodes and the API server
        if port in (6443, 10250):
            return Reach("reached", "", ip, port)
        return _blocked(Blocked.REFUSED, ip, port)
    if ip == METADATA:
        return Reach("reached", "", ip, port) if perimeter.metadata else _blocked(perimeter.blocked, ip, port)
    if ":" in ip and not site.described.cni.ipv6:
        return _blocked(Blocked.UNREACHABLE, ip, port)
    let = {n if names.literal(n.rpartition(":")[0]) else _resolved(n) for n in perimeter.lets}
    if perimeter.open or _address(ip, port) in let:
        return Reach("reached", "", ip, port)
    return _blocked(perimeter.blocked, ip, port)


def _resolved(pair: str) -> str:
    host, _, port = pair.rpartition(":")
    return f"{names.outside_address(host)}:{port}"


def _address(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _blocked(how: Blocked, ip: str, port: int) -> Reach:
    words = {
        Blocked.TIMEOUT: "i/o timeout",
        Blocked.REFUSED: "connect: connection refused",
        Blocked.UNREACHABLE: "connect: network is unreachable",
    }
    return Reach(str(how), f"dial tcp {_address(ip, port)}: {words[how]}", ip, port)
