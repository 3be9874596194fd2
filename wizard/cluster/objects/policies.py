"""NetworkPolicies: the namespace's default deny, and those of our own passing pods."""

from collections.abc import Mapping, Sequence

from wizard.cluster.objects.names import MANAGED_BY, MANAGER
from wizard.cluster.port import Obj

DEFAULT_DENY = "airgap-default-deny"


def policy(
    name: str, namespace: str, selector: Mapping[str, str], egress: Sequence[Obj], labels: Mapping[str, str]
) -> Obj:
    """A policy that leaves the selected pods these ways out and no other."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "podSelector": {"matchLabels": dict(selector)} if selector else {},
            "policyTypes": ["Egress"],
            "egress": list(egress),
        },
    }


def default_deny(namespace: str) -> Obj:
    """No pod of the namespace gets out, except where another policy (the chart's own, say) lets it."""
    return policy(DEFAULT_DENY, namespace, {}, (), {MANAGED_BY: MANAGER})


def to_dns() -> Obj:
    """Port 53 and 5353 (OpenShift) of any pod that serves DNS in the usual namespaces, and the node's own cache."""
    ports = [{"port": port, "protocol": protocol} for port in (53, 5353) for protocol in ("UDP", "TCP")]
    spaces = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": ["kube-system", "openshift-dns"],
    }
    return {
        "to": [
            {"namespaceSelector": {"matchExpressions": [spaces]}},
            {"ipBlock": {"cidr": "169.254.20.10/32"}},
        ],
        "ports": ports,
    }


def to_pods(selector: Mapping[str, str], port: int) -> Obj:
    """One TCP port of the pods with these labels in the same namespace."""
    return {
        "to": [{"podSelector": {"matchLabels": dict(selector)}}],
        "ports": [{"port": port, "protocol": "TCP"}],
    }


def to_namespace(name: str, port: int) -> Obj:
    """One TCP port of any pod of a namespace."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    return {"to": [{"namespaceSelector": selector}], "ports": [{"port": port, "protocol": "TCP"}]}


def to_port(port: int) -> Obj:
    """One TCP port anywhere: for a registry whose address may be a pod's, a node's or another machine's."""
    return {"ports": [{"port": port, "protocol": "TCP"}]}
