"""NetworkPolicy as the API documents it (S1.4, S1.9, S1.38)."""

from typing import Any

import pytest

from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.net.policy import Peer, lets


def _pod(name: str, space: str = "a", **labels: str) -> Obj:
    ports = [{"name": "http", "containerPort": 8080}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": {"app": name, **labels}},
        "spec": {"containers": [{"name": "c", "ports": ports}]},
    }


def _objects(*specs: dict[str, Any]) -> Objects:
    objects = Objects({})
    for name in ("a", "b"):
        labels = {"kubernetes.io/metadata.name": name}
        objects.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    for number, spec in enumerate(specs):
        meta = {"name": f"p{number}", "namespace": "a"}
        api = "networking.k8s.io/v1"
        objects.put({"apiVersion": api, "kind": "NetworkPolicy", "metadata": meta, "spec": spec})
    return objects


CLIENT = _pod("client")
SERVER = _pod("server")
FOREIGN = _pod("server", "b")
OUT = {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]}


@pytest.mark.parametrize(
    ("rules", "peer", "port", "protocol", "through"),
    [
        ([], Peer("10.0.0.1", SERVER), 8080, "TCP", False),
        ([{}], Peer("10.0.0.1", SERVER), 8080, "TCP", True),
        ([{"to": [{"podSelector": {}}]}], Peer("10.0.0.1", SERVER), 1, "TCP", True),
        ([{"to": [{"podSelector": {}}]}], Peer("10.0.0.1", FOREIGN), 1, "TCP", False),
        ([{"to": [{"podSelector": {}}]}], Peer("1.1.1.1"), 443, "TCP", False),
        ([{"to": [{"namespaceSelector": {}}]}], Peer("10.0.0.1", FOREIGN), 1, "TCP", True),
        (
            [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}]}],
            Peer("10.0.0.1", SERVER), 1, "TCP", False,
        ),
        (
            [{"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "other"}}}]}],
            Peer("10.0.0.1", FOREIGN), 1, "TCP", False,
        ),
        ([{"to": [{"ipBlock": {"cidr": "1.1.0.0/16"}}]}], Peer("1.1.1.1"), 443, "TCP", True),
        (
            [{"to": [{"ipBlock": {"cidr": "1.1.0.0/16", "except": ["1.1.1.0/24"]}}]}],
            Peer("1.1.1.1"), 443, "TCP", False,
        ),
        ([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], Peer("2606:4700::1111"), 443, "TCP", False),
        ([{"ports": [{"port": 53, "protocol": "UDP"}]}], Peer("10.0.0.1", SERVER), 53, "TCP", False),
        ([{"ports": [{"port": 53, "protocol": "UDP"}]}], Peer("10.0.0.1", SERVER), 53, "UDP", True),
        ([{"ports": [{"port": 8000, "endPort": 8100}]}], Peer("10.0.0.1", SERVER), 8080, "TCP", True),
        ([{"ports": [{"port": 8000, "endPort": 8010}]}], Peer("10.0.0.1", SERVER), 8080, "TCP", False),
        ([{"ports": [{"port": "http"}]}], Peer("10.0.0.1", SERVER), 8080, "TCP", True),
        ([{"ports": [{"port": "metrics"}]}], Peer("10.0.0.1", SERVER), 8080, "TCP", False),
        ([{"ports": [{"port": 1}]}, {"ports": [{"port": 2}]}], Peer("10.0.0.1", SERVER), 2, "TCP", True),
    ],
)  # fmt: skip
def test_egress(rules: list[Any], peer: Peer, port: int, protocol: str, through: bool) -> None:
    """A selected pod is closed but for what a rule lets through."""
    assert lets(_objects({**OUT, "egress": rules}), CLIENT, peer, port, protocol, "Egress") is through


def test_what_no_policy_selects_is_open() -> None:
    assert lets(_objects(OUT), SERVER, Peer("1.1.1.1"), 443, "TCP", "Egress")


def test_a_policy_without_types_is_about_ingress() -> None:
    """And about egress too where it has egress rules."""
    closed = _objects({"podSelector": {}})
    assert lets(closed, CLIENT, Peer("1.1.1.1"), 443, "TCP", "Egress")
    assert not lets(closed, SERVER, Peer("10.0.0.1", CLIENT), 8080, "TCP", "Ingress")
    both = _objects({"podSelector": {}, "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]})
    assert not lets(both, CLIENT, Peer("1.1.1.1"), 443, "TCP", "Egress")


def test_policies_add_up() -> None:
    """A second one opens what the first leaves closed: there is no deny rule."""
    objects = _objects(OUT, {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})
    assert lets(objects, CLIENT, Peer("1.1.1.1"), 443, "TCP", "Egress")


def test_the_hosts_network_is_not_a_pods() -> None:
    host = _pod("client")
    host["spec"]["hostNetwork"] = True
    assert lets(_objects({**OUT, "egress": []}), host, Peer("1.1.1.1"), 443, "TCP", "Egress")


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "app", "operator": "In", "values": ["client", "x"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["client"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["x"]}, True),
    ],
)
def test_expressions(expression: dict[str, Any], selected: bool) -> None:
    objects = _objects({"podSelector": {"matchExpressions": [expression]}, "policyTypes": ["Egress"]})
    assert lets(objects, CLIENT, Peer("1.1.1.1"), 443, "TCP", "Egress") is not selected
