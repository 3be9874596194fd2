"""Names inside the cluster: Services, pods of headless Services, the registry, and what is outside."""

import hashlib
import ipaddress

from wizard.cluster.objects.selectors import labels_of, plain
from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.workloads import ready
from wizard.rehearsal.site import Site

API_ADDRESS = "10.20.0.1"
DOMAIN = "cluster.local"


def literal(host: str) -> str:
    """The address in `host`, or "" where it is a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return ""


def outside_address(name: str) -> str:
    """Where an outside name would be: an address of TEST-NET-3, the same every time."""
    return f"203.0.113.{hashlib.sha256(name.encode()).digest()[0] % 250 + 2}"


def lookup(site: Site, objects: Objects, name: str, namespace: str) -> list[str]:
    """What the cluster's DNS answers for a name asked in a namespace; [] where it knows none."""
    bare = name.rstrip(".")
    if bare == site.registry.partition(":")[0]:
        return [site.described.registry.address]
    for full in _searched(bare, namespace):
        found = _inside(objects, full)
        if found:
            return found
    if "." in bare and not bare.endswith(DOMAIN) and _outside(site):
        return [outside_address(bare)]
    return []


def _outside(site: Site) -> bool:
    return site.described.perimeter.open or site.described.dns.outside


def _searched(name: str, namespace: str) -> list[str]:
    return [
        f"{name}{suffix}" for suffix in (f".{namespace}.svc.{DOMAIN}", f".svc.{DOMAIN}", f".{DOMAIN}", "")
    ]


def _inside(objects: Objects, full: str) -> list[str]:
    if not full.endswith(f".svc.{DOMAIN}"):
        return []
    parts = full.removesuffix(f".svc.{DOMAIN}").split(".")
    if len(parts) == 2:
        service = objects.get("Service", parts[0], parts[1])
        if service is None:
            return []
        ip = service["spec"].get("clusterIP")
        if ip and ip != "None":
            return [ip]
        return [p["status"]["podIP"] for p in endpoints(objects, service)]
    if len(parts) == 3:
        service = objects.get("Service", parts[1], parts[2])
        pods = endpoints(objects, service) if service else []
        return [p["status"]["podIP"] for p in pods if p["metadata"]["name"] == parts[0]]
    return []


def endpoints(objects: Objects, service: Obj) -> list[Obj]:
    """The ready pods behind a Service."""
    selector = service["spec"].get("selector")
    if not selector:
        return []
    pods = objects.find("Pod", service["metadata"]["namespace"])
    every = service["spec"].get("publishNotReadyAddresses")
    return [
        p for p in pods if plain(selector, labels_of(p)) and p["status"].get("podIP") and (every or ready(p))
    ]
