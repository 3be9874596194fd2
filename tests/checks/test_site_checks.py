"""Verdicts on the site: each grade of each check."""

import pytest

from tests.checks.tables import judged, wanted
from wizard.checks.cni_enforces_policy import CniEnforcesPolicy
from wizard.checks.floors import memory_floor
from wizard.checks.kubernetes_version import KubernetesVersion
from wizard.checks.nodes_fit_model import NodesFitModel
from wizard.checks.nodes_reach_registry import NodesReachRegistry, remedy
from wizard.checks.storage_binds import StorageBinds
from wizard.checks.storage_class_exists import StorageClassExists
from wizard.cluster.probes.causes import CAUSES
from wizard.engine.events import Grade
from wizard.facts.binding import Binding
from wizard.facts.cargo import Cargo
from wizard.facts.cni import Cni, Enforcement
from wizard.facts.kubernetes import Kubernetes
from wizard.facts.nodes import Node, Nodes
from wizard.facts.pulls import Pull, Pulls
from wizard.facts.storage import Storage

GIB = 1024**3


@pytest.mark.parametrize(
    ("version", "grade"),
    [
        ("v1.25.0", Grade.PASS),
        ("v1.34.4+k3s1", Grade.PASS),
        ("v1.24.17", Grade.FAIL),
        ("v1.9.0", Grade.FAIL),
        ("v2.0.0", Grade.PASS),
        ("", Grade.UNKNOWN),
    ],
)
def test_kubernetes_version(version: str, grade: Grade) -> None:
    """S1.8"""
    assert judged(KubernetesVersion(), Kubernetes(version)).grade is grade


@pytest.mark.parametrize(
    ("enforcement", "grade"),
    [
        (Enforcement.ENFORCED, Grade.PASS),
        (Enforcement.NOT_ENFORCED, Grade.FAIL),
        (Enforcement.UNKNOWN, Grade.UNKNOWN),
    ],
)
def test_cni(enforcement: Enforcement, grade: Grade) -> None:
    """S1.9: the name never decides, not even a good one."""
    finding = judged(CniEnforcesPolicy(), Cni(("calico",), enforcement, "reached", "timeout"))
    assert finding.grade is grade
    assert finding.evidence["cni"] == ["calico"]


def test_storage_class() -> None:
    """S1.10"""
    missing = judged(StorageClassExists(), Storage("fast", False, others=("slow",)))
    assert (missing.grade, "slow" in missing.detail) == (Grade.FAIL, True)
    assert judged(StorageClassExists(), Storage("fast", True, "p", "Immediate", True)).grade is Grade.PASS
    assert judged(StorageClassExists(), Storage("fast", True, "p", "Immediate", False)).grade is Grade.WARN


def test_storage_binds() -> None:
    """S1.10"""
    assert judged(StorageBinds(), Binding("fast", "Bound", True)).grade is Grade.PASS
    assert judged(StorageBinds(), Binding("fast", "Bound", False, "mount failed")).grade is Grade.FAIL
    stuck = judged(StorageBinds(), Binding("fast", "Pending", False, "no capacity"))
    assert (stuck.grade, stuck.detail) == (Grade.FAIL, "no capacity")


def test_memory_floors() -> None:
    """S1.49"""
    assert memory_floor("granite4.1:8b") == 7 * GIB
    assert memory_floor("granite4.1:30b") == 18 * GIB
    assert memory_floor("tiny:latest") == 0
    assert memory_floor("tiny:latest", 1000) == 1200
    assert memory_floor("other:8b") == 7 * GIB


@pytest.mark.parametrize(
    ("nodes", "gpu", "model", "grade"),
    [
        ([Node("a", "amd64", memory=16 * GIB)], False, "granite4.1:8b", Grade.PASS),
        ([Node("a", "amd64", memory=4 * GIB)], False, "granite4.1:8b", Grade.FAIL),
        ([Node("a", "amd64", memory=16 * GIB)], False, "granite4.1:30b", Grade.FAIL),
        ([Node("a", "amd64", memory=16 * GIB, promised=12 * GIB)], False, "granite4.1:8b", Grade.WARN),
        ([Node("a", "amd64", memory=16 * GIB, taints=("x:NoSchedule",))], False, "granite4.1:8b", Grade.FAIL),
        ([Node("a", "amd64", memory=16 * GIB, ready=False)], False, "granite4.1:8b", Grade.FAIL),
        ([Node("a", "amd64", memory=16 * GIB)], True, "granite4.1:8b", Grade.FAIL),
        (
            [Node("a", "amd64", memory=16 * GIB, gpus=1, gpu_memory=24 * GIB)],
            True,
            "granite4.1:8b",
            Grade.PASS,
        ),
        (
            [Node("a", "amd64", memory=64 * GIB, gpus=1, gpu_memory=4 * GIB)],
            True,
            "granite4.1:8b",
            Grade.FAIL,
        ),
        ([], False, "granite4.1:8b", Grade.FAIL),
        ([Node("a", "amd64", memory=16 * GIB)], False, "mystery", Grade.UNKNOWN),
    ],
)
def test_nodes_fit_model(nodes: list[Node], gpu: bool, model: str, grade: Grade) -> None:
    """S1.47, S1.49"""
    assert judged(NodesFitModel(), wanted(model=model, gpu=gpu), Nodes(tuple(nodes))).grade is grade


def test_a_node_needs_disk_for_the_images_too() -> None:
    """S1.7"""
    cargo = Cargo(images={"ollama": 4 * GIB})
    for disk, grade in ((10 * GIB, Grade.FAIL), (20 * GIB, Grade.PASS), (0, Grade.PASS)):
        nodes = Nodes((Node("a", "amd64", memory=16 * GIB, disk=disk),))
        finding = judged(NodesFitModel(), wanted(), nodes, cargo)
        assert finding.grade is grade
        assert grade is Grade.PASS or "10.0 GiB of disk" in finding.detail


def test_a_model_of_known_weight_needs_no_known_name() -> None:
    nodes = Nodes((Node("a", "amd64", memory=GIB),))
    finding = judged(NodesFitModel(), wanted(model="tiny"), nodes, Cargo(models={"tiny": 300_000}))
    assert finding.grade is Grade.PASS


def test_nodes_reach_registry() -> None:
    """S1.11"""
    pulled = Pulls("r", (Pull("a", "pulled"), Pull("b", "pulled")), True)
    assert judged(NodesReachRegistry(), pulled).grade is Grade.PASS
    one = Pulls("r", (Pull("a", "pulled"), Pull("b", "unknown-authority", "x509: …")), True)
    finding = judged(NodesReachRegistry(), one)
    assert finding.grade is Grade.FAIL
    assert "unknown-authority" in finding.title and "b: x509" in finding.detail
    assert "/etc/containerd/certs.d/r/ca.crt" in finding.remedies[0].text
    assert judged(NodesReachRegistry(), Pulls("r", (), True)).grade is Grade.UNKNOWN


def test_what_many_nodes_say_alike_is_told_once() -> None:
    """S1.11: with the names of all of them."""
    words = "dial tcp 10.0.0.{}:5000: connect: no route to host"
    pulls = [Pull(f"n{n}", "unreachable", words.format(n)) for n in range(3)]
    finding = judged(NodesReachRegistry(), Pulls("r", (*pulls, Pull("m", "timeout", "i/o timeout")), True))
    assert finding.detail == f"n0, n1, n2: {words.format(0)}; m: i/o timeout"
    assert finding.evidence["nodes"] == dict.fromkeys(("n0", "n1", "n2"), "unreachable") | {"m": "timeout"}


@pytest.mark.parametrize("cause", [*CAUSES, "other"])
def test_every_cause_has_a_remedy(cause: str) -> None:
    assert remedy(cause, "registry.internal.example:5000", True).text


def test_no_credentials_and_wrong_credentials_are_told_apart() -> None:
    assert remedy("refused-credentials", "r", True) != remedy("refused-credentials", "r", False)
