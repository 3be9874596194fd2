"""The cluster's DNS: which pods answer, on which port, and whether the chart's one rule lets a pod reach them."""

from dataclasses import dataclass
from typing import Any

from wizard.cluster.port import Obj, Reader
from wizard.engine.problems import Problem, Remedy
from wizard.facts.base import Sources

SPACES = ("kube-system", "openshift-dns")
RULE_NAMESPACE = "kube-system"
RULE_LABELS = {"k8s-app": "kube-dns"}
RULE_PORT = 53


@dataclass(frozen=True, slots=True)
class Dns:
    """`ports` are those of the pods, after the Service: policies are matched against them."""

    namespace: str
    service: str
    address: str
    labels: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]
    local_cache: bool


def gather_dns(sources: Sources) -> Dns:
    """Raises Problem `dns-not-found` where no Service of the usual namespaces has port 53."""
    cluster = sources.cluster
    service = dns_service(cluster)
    if service is None:
        raise Problem(
            "dns-not-found",
            f"no Service with port 53 in {' or '.join(SPACES)}",
            remedies=(Remedy("see what serves DNS", "kubectl get services -A | grep 53/UDP"),),
        )
    space, name = str(service["metadata"]["namespace"]), str(service["metadata"]["name"])
    selector = service["spec"].get("selector") or {}
    pods = cluster.list("Pod", space, selector) if selector else []
    labels = dict((pods[0]["metadata"].get("labels") or {}) if pods else selector)
    caches = {str(each["metadata"]["name"]) for each in cluster.list("DaemonSet", "kube-system")}
    return Dns(
        space,
        name,
        str(service["spec"].get("clusterIP", "")),
        tuple(sorted((str(k), str(v)) for k, v in labels.items())),
        _ports(service, pods),
        bool(caches & {"node-local-dns", "nodelocaldns"}),
    )


def dns_service(cluster: Reader) -> Obj | None:
    """The Service that pods are given as their name server."""
    for space in SPACES:
        for service in cluster.list("Service", space):
            ports = (service.get("spec") or {}).get("ports") or []
            if any(port.get("port") == 53 for port in ports):
                return service
    return None


def _ports(service: Obj, pods: list[Obj]) -> tuple[int, ...]:
    """Target ports; a name is looked up among the pod's container ports."""
    named: dict[str, int] = {}
    for pod in pods[:1]:
        for container in (pod.get("spec") or {}).get("containers") or []:
            for port in container.get("ports") or []:
                if port.get("name"):
                    named[str(port["name"])] = int(port["containerPort"])
    found: set[int] = set()
    for port in service["spec"].get("ports") or []:
        if port.get("port") == 53:
            target: Any = port.get("targetPort", 53)
            found.add(target if isinstance(target, int) else named.get(str(target), 53))
    return tuple(sorted(found))
