"""Looking, preparing and loading on the real cluster, as an account that holds the shipped roles and nothing else.

The components here are listeners under the chart's labels and policies: what is proved is what is seen from inside
their pods. The chart itself is installed elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.cluster.cluster import REGISTRY_PASSWORD, Cluster
from tests.e2e.probe import push_probe
from tests.model.stores import FakeStore
from wizard.answers.model import Answers, Journey
from wizard.answers.sections.cluster import Cluster as ClusterAnswers
from wizard.answers.sections.images import Images
from wizard.answers.sections.language_model import Model
from wizard.answers.sections.registry import Registry
from wizard.checks.base import Check, Moment
from wizard.checks.cni_enforces_policy import CniEnforcesPolicy
from wizard.checks.egress_refused import EgressRefused
from wizard.checks.namespace_denied import NamespaceDeniedByDefault
from wizard.checks.nodes_reach_registry import NodesReachRegistry
from wizard.checks.podsecurity_present import PodSecurityPresent
from wizard.checks.rbac_sufficient import RbacSufficient
from wizard.checks.registry import at
from wizard.cluster.objects.names import PORTS, Names
from wizard.cluster.objects.pods import probe_pod
from wizard.cluster.objects.policies import policy, to_dns, to_pods
from wizard.cluster.objects.rbac import cluster_role, role
from wizard.engine.events import Event, Finding, Move, Moved, Said
from wizard.engine.secrets import SecretRef
from wizard.engine.step import Context
from wizard.engine.stop import Stop
from wizard.real import RealWorld
from wizard.steps.carry_model import CarryModel
from wizard.steps.load_model import LoadModel
from wizard.steps.looking import look
from wizard.steps.prepare_namespace import PrepareNamespace

pytestmark = [pytest.mark.real, pytest.mark.cluster]
SPACE = "looking"
ROLE = "looking"
NAMES = Names(SPACE, "opencost-ai")


class Site:
    """The cluster, answers that fit it, and a context over both."""

    def __init__(self, kubernetes: Cluster, folder: Path) -> None:
        self.kubernetes = kubernetes
        reference = push_probe(folder / "probe", kubernetes.registry, "looking/airgap-probe")
        self.image = reference
        row = {
            "source": "127.0.0.1:1/x/airgap-probe:1",
            "target": reference.partition("@")[0],
            "digest": reference.partition("@")[2],
            "platforms": ["linux/amd64", "linux/arm64"],
            "bytes": 20_000_000,
        }
        nowhere = {name: f"127.0.0.1:1/x/{name}:1" for name in ("gateway", "bridge", "ollama")}
        FakeStore(folder / "store").model("tiny:latest")
        self.answers = Answers(
            journey=Journey.INSTALL,
            images=Images(probe="127.0.0.1:1/x/airgap-probe:1", **nowhere),
            registry=Registry(
                host=kubernetes.registry_host,
                username=kubernetes.registry.user,
                password=SecretRef("env:LOOKING_PASSWORD"),
                ca_file=kubernetes.ca_file,
            ),
            cluster=ClusterAnswers(
                namespace=SPACE,
                opencost_namespace="nowhere",
                storage_class="local-path",
                volume_size="64Mi",
                kubeconfig=_least(kubernetes, folder / "least.conf"),
            ),
            model=Model(name="tiny:latest", store=folder / "store", licence_confirmed=True),
        )
        self.events: list[Event] = []
        self.evidence: dict[str, Any] = {
            "mirror-images": {"images": dict.fromkeys(("gateway", "bridge", "ollama", "probe"), row)}
        }
        world = RealWorld(None)
        self.ctx = Context(self.answers, world, folder, self.events.append, Stop(), self.evidence)

    def judge(self, *checks: Check, moment: Moment = Moment.BEFORE) -> dict[str, Finding]:
        return {finding.check: finding for finding in look(self.ctx, moment, checks).findings}

    def scratch(self) -> list[str]:
        """Scratch namespaces that nobody has asked to go."""
        found = self.kubernetes.get("namespaces", "-l", f"airgap-wizard/target={NAMES.target}")["items"]
        return [s["metadata"]["name"] for s in found if not s["metadata"].get("deletionTimestamp")]


def _least(kubernetes: Cluster, path: Path) -> Path:
    """A kubeconfig of an account with the shipped ClusterRole and Role."""
    for name in (SPACE, "looking-ops"):
        kubernetes.kubectl("create", "namespace", name)
    kubernetes.kubectl("-n", "looking-ops", "create", "serviceaccount", "wizard")
    kubernetes.apply(_named(cluster_role()))
    kubernetes.apply(_named(role(SPACE)), namespace=SPACE)
    who = "--serviceaccount=looking-ops:wizard"
    kubernetes.kubectl("create", "clusterrolebinding", ROLE, f"--clusterrole={ROLE}", who)
    kubernetes.kubectl("-n", SPACE, "create", "rolebinding", ROLE, f"--role={ROLE}", who)
    config = yaml.safe_load(kubernetes.kubeconfig.read_text())
    token = kubernetes.kubectl("-n", "looking-ops", "create", "token", "wizard", "--duration=2h").strip()
    config["users"][0]["user"] = {"token": token}
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path


def _named(obj: dict[str, Any]) -> dict[str, Any]:
    """Under a name of this test's own: others may use the shipped one on the same cluster."""
    return obj | {"metadata": obj["metadata"] | {"name": ROLE}}


@pytest.fixture(scope="module")
def site(kubernetes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKING_PASSWORD", REGISTRY_PASSWORD)
        try:
            yield Site(kubernetes, tmp_path_factory.mktemp("looking"))
        finally:
            kubernetes.kubectl("delete", "clusterrolebinding,clusterrole", ROLE, "--ignore-not-found")
            kubernetes.kubectl(
                "delete", "namespace", SPACE, "looking-ops", "--ignore-not-found", "--wait=false"
            )


def test_the_shipped_roles_are_enough_to_look(site: Site) -> None:
    """S2.37: every check of the preflight, as an account with the least rights; nothing stays."""
    wanted = [check for check in at(Moment.BEFORE) if check.id not in ("release-state", "opencost-version")]
    found = site.judge(*wanted)
    grades = {check: str(finding.grade) for check, finding in found.items()}
    assert grades.pop("storage-class-exists") == "warn", "local-path volumes cannot grow"
    assert grades.pop("opencost-mcp") == "fail", "there is no OpenCost here"
    assert not [f for f in found.values() if f.grade != "pass" and f.check in grades]
    assert site.scratch() == []


def test_policies_that_nobody_enforces(site: Site) -> None:
    """S1.9"""
    with site.kubernetes.unenforced():
        finding = site.judge(CniEnforcesPolicy())["cni-enforces-policy"]
    assert (finding.grade, finding.evidence["underDefaultDeny"]) == ("fail", "reached")
    assert site.judge(CniEnforcesPolicy())["cni-enforces-policy"].grade == "pass"


def test_a_registry_that_the_node_does_not_trust(site: Site) -> None:
    """S1.11"""
    with site.kubernetes.registry_untrusted():
        finding = site.judge(NodesReachRegistry())["nodes-reach-registry"]
    assert finding.grade == "fail"
    assert set(finding.evidence["nodes"].values()) == {"unknown-authority"}
    assert "x509" in finding.detail


def test_a_wrong_password(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """S4.16"""
    monkeypatch.setenv("LOOKING_PASSWORD", "not-the-password")
    world, site.ctx.world = site.ctx.world, RealWorld(None)
    try:
        finding = site.judge(NodesReachRegistry())["nodes-reach-registry"]
    finally:
        site.ctx.world = world
    assert set(finding.evidence["nodes"].values()) == {"refused-credentials"}


def test_a_permission_that_is_missing_is_named(site: Site) -> None:
    kubectl = site.kubernetes.kubectl
    kubectl("-n", SPACE, "delete", "rolebinding", ROLE)
    try:
        finding = site.judge(RbacSufficient())["rbac-sufficient"]
    finally:
        who = "--serviceaccount=looking-ops:wizard"
        kubectl("-n", SPACE, "create", "rolebinding", ROLE, f"--role={ROLE}", who)
    assert finding.grade == "fail"
    assert "patch statefulsets in looking" in finding.detail
    assert "kind: Role" in finding.remedies[0].command


def test_podsecurity_refuses_for_real(site: Site) -> None:
    """S1.33"""
    assert site.judge(PodSecurityPresent())["podsecurity-present"].grade == "pass"


def test_the_namespace_the_model_and_the_ways_out(site: Site) -> None:
    """S1.3, S1.34, S1.38, S1.39: prepared, loaded, read back; egress proved by what only a policy is in the way of."""
    ctx, kubectl = site.ctx, site.kubernetes.kubectl
    for step in (CarryModel(), PrepareNamespace(), LoadModel()):
        before = step.already(ctx)
        assert before is None or step.id == "carry-model", "nothing of it is there yet"
        site.evidence[step.id] = step.run(ctx)
        assert step.already(ctx) == site.evidence[step.id], f"{step.id} is done, and equal"
    assert [
        e
        for e in site.events
        if isinstance(e, Moved) and e.move is Move.VERIFIED and e.group == "tiny:latest"
    ]
    spoken = "\n".join(e.text for e in site.events if isinstance(e, Said))
    assert "may reach 172.31.250.2 (172.31.250.2) port 5000 and DNS" in spoken
    left = site.kubernetes.get("networkpolicies,configmaps,secrets", "-n", SPACE)["items"]
    names = {obj["metadata"]["name"] for obj in left}
    assert names == {"airgap-default-deny", "kube-root-ca.crt", "internal-registry", "opencost-ai-auth"}

    _components(site)
    checks = (EgressRefused(), NamespaceDeniedByDefault())
    found = site.judge(*checks, moment=Moment.AFTER)
    assert found["egress-refused"].grade == "pass", found["egress-refused"]
    assert "the policy is what refused" in found["egress-refused"].title
    assert found["namespace-denied-by-default"].grade == "pass", found["namespace-denied-by-default"]
    # what only S1's own check would not see: the outside is out of reach for everybody here
    kubectl("-n", SPACE, "delete", "networkpolicy", NAMES.of_component("ollama"), "airgap-default-deny")
    found = site.judge(*checks, moment=Moment.AFTER)
    assert found["egress-refused"].grade == "fail"
    assert "enforcement not proven here: ollama reached" in found["egress-refused"].title
    assert found["namespace-denied-by-default"].grade == "fail", found["namespace-denied-by-default"]
    assert site.scratch() == []


def _components(site: Site) -> None:
    """Listeners under the chart's labels, Services and policies."""
    ways = {
        "gateway": [to_dns(), to_pods(NAMES.selector("bridge"), PORTS["bridge"])],
        "bridge": [to_dns(), to_pods(NAMES.selector("ollama"), PORTS["ollama"])],
        "ollama": [to_dns()],
    }
    for component, egress in ways.items():
        name, port, labels = NAMES.of_component(component), PORTS[component], NAMES.selector(component)
        words = ["serve", f":{port}", "--for", "1200s"]
        pod = probe_pod(name, SPACE, site.image, words, labels=labels, pull_secret="internal-registry")
        spec = {"selector": labels, "ports": [{"port": port, "targetPort": port}]}
        meta = {"name": name, "namespace": SPACE}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
        site.kubernetes.apply(pod, service, policy(name, SPACE, labels, egress, {}), namespace=SPACE)
    ready = ("wait", "--for=condition=Ready", "pod", "-l", "app.kubernetes.io/name=opencost-ai")
    site.kubernetes.kubectl("-n", SPACE, *ready, "--timeout=60s")
