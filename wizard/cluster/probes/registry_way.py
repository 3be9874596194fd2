"""The one way out that the loader gets: to the registry's own address and port, as pods see it."""

from ipaddress import ip_address

from wizard.cluster.objects.policies import to_dns
from wizard.cluster.port import Cluster, Obj
from wizard.cluster.probes.guest import Guest
from wizard.cluster.probes.words import one
from wizard.engine.problems import Problem, Remedy


def split(host: str, plain: bool) -> tuple[str, int]:
    """(name, port) of a registry's host."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return name.strip("[]"), int(port)
    return host.strip("[]"), 80 if plain else 443


def addresses(place: Guest, name: str) -> tuple[str, ...]:
    """What the name is inside the cluster. Raises Problem `registry-name-unknown-in-cluster`."""
    try:
        return (str(ip_address(name)),)
    except ValueError:
        pass
    place.allow("resolve", [to_dns()])
    said = {}
    for _ in range(4):
        said = one(place.run("resolve", ["resolve", name, "--timeout", "5s"], timeout=90), f"resolve {name}")
        if said.get("outcome") == "resolved" and said.get("addresses"):
            return tuple(sorted(str(each) for each in said["addresses"]))
        place.stop.wait(1.0)
    raise Problem(
        "registry-name-unknown-in-cluster",
        f"pods cannot resolve {name}: {said.get('outcome')}",
        detail=str(
            said.get("detail") or "nodes may know the name all the same: they do not ask the cluster's DNS"
        ),
        remedies=(
            Remedy(
                f"have the cluster's DNS answer for {name}: a zone or hosts entry in CoreDNS, or a forwarder to the "
                "site's own DNS",
                "kubectl -n kube-system edit configmap coredns",
            ),
        ),
    )


def way(cluster: Cluster, found: tuple[str, ...], port: int) -> list[Obj]:
    """Egress rules: DNS, and for each address itself, or the pods behind it where it is a Service's."""
    services = {
        str((service.get("spec") or {}).get("clusterIP")): service for service in cluster.list("Service")
    }
    rules = [to_dns()]
    for address in found:
        service = services.get(address)
        if service is not None and (service["spec"].get("selector")):
            # policies are matched after a Service's address has become a pod's
            rules.append(_behind(service, port))
        else:
            block = f"{address}/{128 if ':' in address else 32}"
            rules.append({"to": [{"ipBlock": {"cidr": block}}], "ports": [{"port": port, "protocol": "TCP"}]})
    return rules


def _behind(service: Obj, port: int) -> Obj:
    spec = service["spec"]
    targets = [each.get("targetPort", port) for each in spec.get("ports") or [] if each.get("port") == port]
    space = {"kubernetes.io/metadata.name": service["metadata"]["namespace"]}
    peer = {
        "namespaceSelector": {"matchLabels": space},
        "podSelector": {"matchLabels": dict(spec["selector"])},
    }
    return {"to": [peer], "ports": [{"port": target, "protocol": "TCP"} for target in targets or [port]]}
