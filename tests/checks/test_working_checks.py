"""Verdicts on OpenCost, DNS, PodSecurity, webhooks, quota, releases, permissions, disk and clocks: each grade."""

import json
from dataclasses import replace

import pytest
import yaml

from tests.checks.tables import judged, wanted
from wizard.checks.clocks_agree import ClocksAgree
from wizard.checks.disk_free import DiskFree
from wizard.checks.dns_rule_matches import DnsRuleMatches
from wizard.checks.node_architectures import NodeArchitectures
from wizard.checks.opencost_mcp import OpenCostMcp
from wizard.checks.opencost_version import OpenCostVersion
from wizard.checks.podsecurity_present import PodSecurityPresent
from wizard.checks.pull_secret_present import PullSecretPresent
from wizard.checks.quota_fits import QuotaFits
from wizard.checks.rbac_sufficient import RbacSufficient
from wizard.checks.release_state import ReleaseStateCheck
from wizard.checks.volume_adoptable import VolumeAdoptable
from wizard.checks.webhooks_leave_images import WebhooksLeaveImages
from wizard.engine.events import Grade
from wizard.facts.cargo import Cargo
from wizard.facts.clocks import Clocks
from wizard.facts.disk import Disk
from wizard.facts.dns import Dns
from wizard.facts.mcp import Mcp
from wizard.facts.nodes import Node, Nodes
from wizard.facts.opencost import OpenCost
from wizard.facts.podsecurity import PodSecurity
from wizard.facts.pull_secrets import PullSecrets
from wizard.facts.quota import Limit, Quota
from wizard.facts.rbac import Rbac, Refused
from wizard.facts.release import ReleaseState, Volume
from wizard.facts.webhooks import Webhooks

GIB = 1024**3
PASS, WARN, FAIL, UNKNOWN = Grade.PASS, Grade.WARN, Grade.FAIL, Grade.UNKNOWN


@pytest.mark.parametrize(
    ("nodes", "platforms", "grade"),
    [
        (["amd64"], ("linux/amd64", "linux/arm64"), PASS),
        (["amd64", "arm64"], ("linux/amd64", "linux/arm64/v8"), PASS),
        (["amd64", "arm64"], ("linux/amd64",), FAIL),
        (["arm64"], ("linux/arm/v7",), FAIL),
        ([], ("linux/amd64",), UNKNOWN),
    ],
)
def test_architectures(nodes: list[str], platforms: tuple[str, ...], grade: Grade) -> None:
    """S2.11"""
    has = Nodes(tuple(Node(f"n{i}", arch) for i, arch in enumerate(nodes)))
    rest = dict.fromkeys(("gateway", "bridge"), ("linux/amd64", "linux/arm64"))
    assert judged(NodeArchitectures(), has, Cargo(platforms=rest | {"ollama": platforms})).grade is grade


def test_a_node_nobody_is_scheduled_to_needs_no_image() -> None:
    has = Nodes((Node("a", "amd64"), Node("b", "s390x", taints=("x:NoSchedule",))))
    every = dict.fromkeys(("gateway", "bridge", "ollama"), ("linux/amd64",))
    assert judged(NodeArchitectures(), has, Cargo(platforms=every)).grade is PASS
    assert judged(NodeArchitectures(), has, Cargo(platforms=every | {"bridge": ()})).grade is UNKNOWN
    assert judged(NodeArchitectures(), has, Cargo(models={"m": 1})).grade is UNKNOWN


def opencost(image: str = "q/opencost:1.118.0", version: str = "1.118.0", **more: object) -> OpenCost:
    return OpenCost("opencost", "opencost", image, version, **({"ports": (9003, 8081)} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "grade"),
    [("1.118.0", PASS), ("2.0.1", PASS), ("1.117.9", FAIL), ("1.99.0", FAIL), ("", UNKNOWN)],
)
def test_opencost_version(version: str, grade: Grade) -> None:
    """S1.13"""
    assert judged(OpenCostVersion(), opencost(version=version)).grade is grade
    assert judged(OpenCostVersion(), opencost(image="", version=version)).grade is FAIL


def mcp(outcome: str = "answered", status: int = 200, server: str = "opencost", tools: int = 4) -> Mcp:
    return Mcp("http://x:8081/mcp", outcome, status, server, "1", tools, "", True)


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (mcp(), PASS),
        (mcp(tools=-1), PASS),
        (mcp(tools=0), FAIL),
        (mcp(status=404, server=""), FAIL),
        (mcp(server=""), FAIL),
        (mcp("refused", 0, "", -1), FAIL),
        (mcp("timeout", 0, "", -1), FAIL),
        (mcp("name-unknown", 0, "", -1), FAIL),
    ],
)
def test_opencost_mcp(fact: Mcp, grade: Grade) -> None:
    """S1.13, S1.50: a version is not enough, and neither is an open port."""
    assert judged(OpenCostMcp(), fact, opencost()).grade is grade
    assert judged(OpenCostMcp(), fact).grade is grade


def test_opencost_mcp_says_what_is_in_the_way() -> None:
    about = opencost(ports=(9003,), barring=("only-ui",))
    finding = judged(OpenCostMcp(), mcp("timeout", 0, "", -1), about)
    text = finding.detail + json.dumps([r.command for r in finding.remedies])
    assert "only-ui" in text and "8081" in text and "MCP_SERVER_ENABLED" in text


def test_opencosts_policy_admits_a_namespace_that_is_not_there_yet() -> None:
    """Asked from a scratch namespace, such a refusal proves nothing; a policy is proposed where none admits us."""
    away = replace(mcp("timeout", 0, "", -1), home=False)
    finding = judged(OpenCostMcp(), away, opencost(admitting=("from-us",)), wanted())
    assert finding.grade is Grade.UNKNOWN and "from-us" in finding.detail
    assert finding.remedies[0].command == "kubectl create namespace opencost-ai"
    barred = opencost(barring=("only-ui",), selector=(("app", "opencost"),))
    assert judged(OpenCostMcp(), replace(away, home=True), opencost(admitting=("x",))).grade is FAIL
    (first, *_) = judged(OpenCostMcp(), away, barred, wanted()).remedies
    made = yaml.safe_load(first.command.partition("<<'EOF'")[2].rpartition("EOF")[0])
    assert made["spec"]["podSelector"] == {"matchLabels": {"app": "opencost"}}
    assert made["metadata"]["namespace"] == "opencost"


def dns(space: str = "kube-system", label: str = "kube-dns", port: int = 53, cache: bool = False) -> Dns:
    return Dns(space, "dns", "10.96.0.10", (("k8s-app", label),), (port,), cache)


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (dns(), PASS),
        (dns(space="openshift-dns"), FAIL),
        (dns(label="coredns"), FAIL),
        (dns(port=5353), FAIL),
        (dns(cache=True), WARN),
    ],
)
def test_dns(fact: Dns, grade: Grade) -> None:
    """S1.4"""
    assert judged(DnsRuleMatches(), fact).grade is grade


def test_podsecurity() -> None:
    """S1.33"""
    enforce = "pod-security.kubernetes.io/enforce"
    assert judged(PodSecurityPresent(), PodSecurity(True, "x", False)).grade is PASS
    assert (
        judged(PodSecurityPresent(), PodSecurity(True, "x", True, ((enforce, "restricted"),))).grade is PASS
    )
    assert (
        judged(PodSecurityPresent(), PodSecurity(True, "x", True, ((enforce, "privileged"),))).grade is WARN
    )
    assert judged(PodSecurityPresent(), PodSecurity(False, "", False)).grade is FAIL


def test_quota() -> None:
    small = Quota("ns", (Limit("q", "limits.memory", "10Gi", 6.0 * GIB),))
    large = Quota("ns", (Limit("q", "limits.memory", "20Gi", 16.0 * GIB), Limit("q", "odd/thing", "1", 0.0)))
    finding = judged(QuotaFits(), wanted(), small)
    assert finding.grade is FAIL and "limits.memory has 6.0 GiB left" in finding.detail
    assert finding.remedies[0].command == (
        "kubectl -n ns patch resourcequota q --type merge -p "
        """'{"spec":{"hard":{"limits.memory":"13312Mi"}}}'"""
    )
    assert judged(QuotaFits(), wanted(), large).grade is PASS
    assert judged(QuotaFits(), wanted(), Quota("ns")).grade is PASS
    installed = Quota("ns", small.limits, installed=True)
    assert judged(QuotaFits(), wanted(), installed).grade is PASS
    assert (
        judged(QuotaFits(), wanted(), Quota("ns", container_max=(("l", "memory", 2.0 * GIB),))).grade is FAIL
    )
    assert judged(QuotaFits(), wanted(), Quota("ns", volume_max=(("l", 5.0 * GIB),))).grade is FAIL
    lowered = {"ollama": {"limits.memory": 1.5 * GIB}}
    narrow = Quota("ns", small.limits, container_max=(("l", "memory", 2.0 * GIB),), overrides=lowered)
    assert judged(QuotaFits(), wanted(), narrow).grade is PASS, "lowered as the remedy proposes"


@pytest.mark.parametrize(
    ("status", "revision", "grade", "remedy"),
    [
        ("", 0, PASS, ""),
        ("deployed", 3, PASS, ""),
        ("failed", 1, WARN, "helm history"),
        ("pending-install", 1, FAIL, "helm uninstall"),
        ("pending-upgrade", 4, FAIL, "helm rollback"),
        ("uninstalling", 2, FAIL, "helm rollback"),
    ],
)
def test_release_state(status: str, revision: int, grade: Grade, remedy: str) -> None:
    """facts 8: `cannot re-use a name that is still in use`"""
    finding = judged(ReleaseStateCheck(), ReleaseState("opencost-ai", "opencost-ai", status, revision))
    assert finding.grade is grade
    assert not remedy or finding.remedies[0].command.startswith(remedy)


def test_a_release_that_a_killed_run_of_ours_left_does_not_stop_the_next() -> None:
    """The install removes such a record itself; anybody else's it leaves alone."""
    left = ReleaseState("opencost-ai", "opencost-ai", "pending-install", 1, ours=True)
    assert judged(ReleaseStateCheck(), left).grade is WARN


OURS = (("app.kubernetes.io/instance", "opencost-ai"),)


@pytest.mark.parametrize(
    ("fact", "weight", "grade"),
    [
        (Volume("v"), 0, PASS),
        (Volume("v"), 5 * GIB, PASS),
        (Volume("v"), 15 * GIB, WARN),
        (Volume("v"), 25 * GIB, FAIL),
        (Volume("v", True, OURS, "fast", "20Gi", "Bound"), 5 * GIB, PASS),
        (Volume("v", True, OURS, "fast", "4Gi", "Bound"), 5 * GIB, FAIL),
        (Volume("v", True, (), "fast", "20Gi", "Bound"), 0, FAIL),
        (Volume("v", True, OURS, "slow", "20Gi", "Bound"), 0, FAIL),
        (Volume("v", True, OURS, "fast", "20Gi", "Bound", True), 0, FAIL),
    ],
)
def test_volume(fact: Volume, weight: int, grade: Grade) -> None:
    """S1.31"""
    assert judged(VolumeAdoptable(), wanted(), fact, Cargo(models={"m": weight})).grade is grade


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (Webhooks((), "a", "a"), PASS),
        (Webhooks(("mesh",), "a", "a"), PASS),
        (Webhooks(("mesh",), "a", "b"), FAIL),
        (Webhooks(("mesh",), "a", "a", ("sidecar",)), WARN),
        (Webhooks(("mesh",), "a", "", (), "side effects"), WARN),
        (Webhooks((), "a", "", (), "no"), UNKNOWN),
    ],
)
def test_webhooks(fact: Webhooks, grade: Grade) -> None:
    """S1.2"""
    assert judged(WebhooksLeaveImages(), fact).grade is grade


def test_rbac_names_the_rules_to_add() -> None:
    refused = (
        Refused("create", "pods/exec", ""),
        Refused("list", "nodes", ""),
        Refused("patch", "statefulsets", "apps", "opencost-ai"),
    )
    finding = judged(RbacSufficient(), Rbac(60, refused))
    assert finding.grade is FAIL
    text = finding.remedies[0].command
    documents = list(yaml.safe_load_all(text.partition("\n")[2].removesuffix("EOF")))
    assert [document["kind"] for document in documents] == ["ClusterRole", "Role"]
    assert documents[1]["rules"] == [
        {"apiGroups": ["apps"], "resources": ["statefulsets"], "verbs": ["patch"]}
    ]
    known = judged(RbacSufficient(), Rbac(60, refused, account="system:serviceaccount:ops:wizard"))
    text = known.remedies[0].command
    bound = list(yaml.safe_load_all(text.partition("\n")[2].removesuffix("EOF")))
    assert [d["kind"] for d in bound] == ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
    assert bound[1]["subjects"][0]["name"] == "system:serviceaccount:ops:wizard"
    assert bound[3]["metadata"]["namespace"] == "opencost-ai" and bound[3]["roleRef"]["kind"] == "Role"
    assert judged(RbacSufficient(), Rbac(60)).grade is PASS
    assert judged(RbacSufficient(), Rbac(60, silent=60)).grade is UNKNOWN


def pods_with(
    *secrets: tuple[str, str], named: tuple[str, ...] = ("pull",), asked: bool = True
) -> PullSecrets:
    return PullSecrets("r:5000", "opencost-ai", asked, (("gateway-1", named),), secrets)


@pytest.mark.parametrize(
    ("fact", "grade", "words"),
    [
        (pods_with(("pull", "good")), PASS, "pulls with pull"),
        (pods_with(("other", "missing"), ("pull", "good"), named=("other", "pull")), PASS, "pull"),
        (pods_with(("pull", "missing")), FAIL, "secret opencost-ai/pull is missing"),
        (pods_with(("pull", "other-type")), FAIL, "another type"),
        (pods_with(("pull", "other-registry")), FAIL, "has nothing for r:5000"),
        (pods_with(named=()), FAIL, "name no pull secret"),
        (pods_with(named=(), asked=False), PASS, "without credentials"),
        (replace(pods_with(), pods=()), UNKNOWN, "no pod runs"),
    ],
)
def test_pull_secret(fact: PullSecrets, grade: Grade, words: str) -> None:
    """S4.16: Ready pods prove nothing where the nodes have the images."""
    finding = judged(PullSecretPresent(), fact)
    assert finding.grade is grade and words in finding.title


def test_disk() -> None:
    """S1.7"""
    assert judged(DiskFree(), Disk("/x", 100, 50, "it")).grade is PASS
    assert judged(DiskFree(), Disk("/x", 100, 95, "it")).grade is WARN
    assert judged(DiskFree(), Disk("/x", 100, 101, "it")).grade is FAIL


@pytest.mark.parametrize(
    ("server", "node", "grade"),
    [
        (0.3, -9.0, PASS),
        (-10.0, 2.0, PASS),
        (20.0, 0.0, WARN),
        (0.0, 30.0, WARN),
        (0.0, -60.0, WARN),
        (-3600.0, 0.0, FAIL),
        (0.0, 600.0, FAIL),
    ],
)
def test_clocks(server: float, node: float, grade: Grade) -> None:
    assert judged(ClocksAgree(), Clocks(server, (("a", node),))).grade is grade
