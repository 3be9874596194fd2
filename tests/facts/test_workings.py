"""Facts about OpenCost, DNS, PodSecurity, webhooks, quota, releases, permissions, disk and clocks."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.facts.fakes import FakeCluster, FakeHelm, answers, sources
from tests.real.programs import program_image
from wizard.answers.model import Journey
from wizard.answers.sections.bundle import Media
from wizard.answers.sections.chart import Chart
from wizard.cluster.objects.namespace import namespace
from wizard.cluster.objects.rbac import RULES
from wizard.cluster.port import Obj, PodResult, Release
from wizard.engine.problems import Problem
from wizard.facts.cargo import weigh
from wizard.facts.clocks import gather_clocks
from wizard.facts.disk import gather_disk
from wizard.facts.dns import gather_dns
from wizard.facts.mcp import gather_mcp
from wizard.facts.opencost import gather_opencost, version_of
from wizard.facts.podsecurity import gather_podsecurity
from wizard.facts.quota import gather_quota
from wizard.facts.rbac import gather_rbac
from wizard.facts.release import gather_release, gather_volume
from wizard.facts.webhooks import gather_webhooks
from wizard.oci.layout import Layout


def service(name: str, space: str, port: int, selector: dict[str, str], **more: Any) -> Obj:
    ports = [{"port": port} | more]
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": space},
        "spec": {"ports": ports, "selector": selector, "clusterIP": "10.96.0.10"},
    }


def pod(name: str, space: str, labels: dict[str, str], **spec: Any) -> Obj:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": space,
            "labels": labels,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": spec,
        "status": {"phase": "Running"},
    }


OPENCOST = {"app.kubernetes.io/name": "opencost"}


def test_opencost_version_from_tag_or_label() -> None:
    """S1.13"""
    assert version_of("quay.io/x/opencost:1.118.0", {}) == "1.118.0"
    assert version_of("r:5000/x/opencost:v1.119.2@sha256:" + "0" * 64, {}) == "1.119.2"
    assert (
        version_of("r:5000/x/opencost@sha256:" + "0" * 64, {"app.kubernetes.io/version": "1.120.0"})
        == "1.120.0"
    )
    assert version_of("r/x/opencost:latest", {}) == ""


def test_opencost_with_a_policy_that_lets_nobody_in_on_8081() -> None:
    """facts 1: its Service may lack 8081, its own NetworkPolicy may admit 9003 alone."""
    cluster = FakeCluster(
        service("opencost", "opencost", 9003, OPENCOST),
        pod(
            "oc",
            "opencost",
            OPENCOST,
            containers=[{"image": "q/opencost:1.118.0"}, {"image": "q/opencost-ui:1"}],
        ),
    )
    home = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "opencost-ai"}}}
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    key = "kubernetes.io/metadata.name"
    elsewhere = {"matchExpressions": [{"key": key, "operator": "NotIn", "values": ["opencost-ai"]}]}
    bridge = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "bridge"}}}
    for name, rule in (
        ("narrow", {"ports": [{"port": 9003}]}),
        ("others", {"from": [monitoring], "ports": [{"port": 8081}]}),
        ("elsewhere", {"from": [{"namespaceSelector": elsewhere}]}),
        ("within", {"from": [bridge]}),  # a pod selector alone means OpenCost's own namespace
        ("wide", {"from": []}),
        ("range", {"ports": [{"port": 8000, "endPort": 9000}]}),
        ("ours", {"from": [monitoring, home | bridge]}),
    ):
        if name == "wide":
            found = gather_opencost(sources(cluster))
            assert (found.version, found.ports) == ("1.118.0", (9003,))
            assert (found.barring, found.admitting) == (("elsewhere", "narrow", "others", "within"), ())
        cluster.put(
            {
                "kind": "NetworkPolicy",
                "metadata": {"name": name, "namespace": "opencost"},
                "spec": {"podSelector": {"matchLabels": OPENCOST}, "ingress": [rule]},
            }
        )
    found = gather_opencost(sources(cluster))
    assert (found.barring, sorted(found.admitting)) == ((), ["ours", "range", "wide"]), "policies add up"


def test_no_opencost_at_all_is_a_problem_with_a_remedy() -> None:
    with pytest.raises(Problem) as caught:
        gather_opencost(sources(FakeCluster()))
    assert caught.value.code == "opencost-not-found"
    assert caught.value.remedies


def test_the_handshake_comes_from_home_labelled_as_the_bridge_and_is_never_ready() -> None:
    """A pod labelled as the bridge must not be sent the gateway's questions meanwhile."""
    cluster = FakeCluster(namespace("opencost-ai"))
    pods: list[Obj] = []

    def answer(pod: Obj) -> PodResult:
        pods.append(pod)
        ready = {
            "outcome": "answered",
            "status": 200,
            "server": {"name": "opencost", "version": "1"},
            "tools": 4,
        }
        return PodResult(0, json.dumps(ready if len(pods) > 1 else {"outcome": "refused"}))

    cluster.on_run = answer
    found = gather_mcp(sources(cluster))
    assert (found.outcome, found.tools, found.home) == ("answered", 4, True)
    assert pods[0]["metadata"]["namespace"] == "opencost-ai"
    assert pods[0]["metadata"]["labels"]["app.kubernetes.io/component"] == "bridge"
    assert pods[0]["spec"]["readinessGates"]
    assert pods[0]["spec"]["containers"][0]["args"][1].endswith(
        "opencost.opencost.svc.cluster.local:8081/mcp"
    )
    assert [key[0] for key in cluster.objects] == ["Namespace"], "secret and policy are gone again"


def test_before_the_namespace_exists_the_handshake_comes_from_a_scratch_one() -> None:
    cluster = FakeCluster()
    cluster.on_run = lambda pod: PodResult(0, json.dumps({"outcome": "timeout"}))
    found = gather_mcp(sources(cluster))
    assert (found.outcome, found.home, found.tools) == ("timeout", False, -1)
    assert cluster.objects == {}


def test_dns_ports_are_the_pods_not_the_services() -> None:
    """facts 1: OpenShift's DNS pods listen on 5353."""
    labels = {"dns.operator.openshift.io/daemonset-dns": "default"}
    cluster = FakeCluster(
        service("dns-default", "openshift-dns", 53, labels, targetPort="dns"),
        pod("d", "openshift-dns", labels, containers=[{"ports": [{"name": "dns", "containerPort": 5353}]}]),
    )
    found = gather_dns(sources(cluster))
    assert (found.namespace, found.ports, dict(found.labels)) == ("openshift-dns", (5353,), labels)


def test_no_dns_at_all() -> None:
    with pytest.raises(Problem) as caught:
        gather_dns(sources(FakeCluster()))
    assert caught.value.code == "dns-not-found"


def test_node_local_dns_is_seen() -> None:
    cluster = FakeCluster(
        service("kube-dns", "kube-system", 53, {"k8s-app": "kube-dns"}, targetPort=53),
        {"kind": "DaemonSet", "metadata": {"name": "node-local-dns", "namespace": "kube-system"}},
    )
    found = gather_dns(sources(cluster))
    assert found.local_cache and found.ports == (53,)


def test_podsecurity_is_tried_and_keeps_nothing() -> None:
    """S1.33"""
    cluster = FakeCluster(namespace("opencost-ai"))

    def admit(obj: Obj, dry: bool) -> Obj:
        if obj["kind"] == "Pod" and obj["spec"].get("hostNetwork"):
            assert dry
            raise Problem("cluster-refused", "no", detail='violates PodSecurity "restricted:latest"')
        return obj

    cluster.on_apply = admit
    found = gather_podsecurity(sources(cluster))
    assert found.refused and found.namespace_exists and len(found.labels) == 3
    cluster.on_apply = lambda obj, dry: obj
    assert not gather_podsecurity(sources(cluster)).refused


def test_a_refusal_for_another_reason_shows_nothing_of_podsecurity() -> None:
    cluster = FakeCluster()

    def quota(obj: Obj, dry: bool) -> Obj:
        if dry:
            raise Problem("cluster-refused", "no", detail="exceeded quota")
        return obj

    cluster.on_apply = quota
    with pytest.raises(Problem):
        gather_podsecurity(sources(cluster))


def test_webhooks_are_listed_and_tried() -> None:
    """S1.2"""
    hook = {"rules": [{"resources": ["pods"], "operations": ["CREATE"]}]}
    other = {"rules": [{"resources": ["nodes"], "operations": ["CREATE"]}]}
    cluster = FakeCluster(
        *(
            {"kind": "MutatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": [each]}
            for name, each in (("mesh", hook), ("other", other))
        )
    )

    def rewrite(obj: Obj, dry: bool) -> Obj:
        if obj["kind"] == "Pod" and dry:
            obj["spec"]["containers"][0]["image"] = "elsewhere/x:1"
            obj["spec"]["initContainers"] = [{"name": "istio-init"}]
        return obj

    cluster.on_apply = rewrite
    found = gather_webhooks(sources(cluster))
    assert (found.mutating, found.kept, found.added) == (("mesh",), "elsewhere/x:1", ("istio-init",))
    assert "@sha256:" in found.sent


def test_quota_is_what_is_left(tmp_path: Path) -> None:
    cluster = FakeCluster(
        {
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": "opencost-ai"},
            "spec": {"hard": {"limits.memory": "10Gi", "pods": "4"}},
            "status": {"used": {"limits.memory": "4Gi"}},
        },
        {
            "kind": "LimitRange",
            "metadata": {"name": "l", "namespace": "opencost-ai"},
            "spec": {"limits": [{"type": "Container", "max": {"memory": "2Gi"}}]},
        },
    )
    found = gather_quota(sources(cluster))
    assert [(each.resource, each.free) for each in found.limits] == [
        ("limits.memory", 6 * 1024**3),
        ("pods", 4.0),
    ]
    assert found.container_max == (("l", "memory", 2 * 1024**3),)
    path = tmp_path / "site.yaml"
    path.write_text("ollama: {resources: {limits: {memory: 1536Mi, cpu: 1}}}\ngateway: {replicaCount: 1}\n")
    given = replace(answers(), chart=Chart(overrides=path))
    assert gather_quota(sources(cluster, answers=given)).overrides == {
        "ollama": {"limits.memory": 1536 * 1024**2, "limits.cpu": 1.0}
    }


def test_release_and_volume() -> None:
    held = Release("opencost-ai", "opencost-ai", 1, "pending-install", "opencost-ai-0.1.0")
    assert gather_release(sources(FakeCluster(), helm=FakeHelm(held))).status == "pending-install"
    assert gather_release(sources(FakeCluster())).status == ""
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models-opencost-ai-ollama-0", "namespace": "opencost-ai", "labels": {"a": "b"}},
        "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "20Gi"}}},
        "status": {"phase": "Bound"},
    }
    found = gather_volume(sources(FakeCluster(claim)))
    assert (found.exists, found.labels, found.size, found.phase) == (True, (("a", "b"),), "20Gi", "Bound")
    assert not gather_volume(sources(FakeCluster())).exists


def test_every_permission_is_asked_for() -> None:
    cluster = FakeCluster()
    cluster.no = {"create Pod/exec", "list Node"}
    found = gather_rbac(sources(cluster))
    assert found.asked == sum(len(rule.verbs) for rule in RULES)
    assert {(each.verb, each.resource) for each in found.refused} == {
        ("create", "pods/exec"),
        ("list", "nodes"),
    }


def test_disk_for_a_bundle_is_the_sum_of_what_is_carried(tmp_path: Path) -> None:
    """S1.7"""
    staged = replace(
        answers(), journey=Journey.STAGE, media=Media(bundle=tmp_path / "not" / "yet" / "x.airgap")
    )
    found = gather_disk(sources(FakeCluster(), answers=staged))
    assert found.needed > 5_000_004_000 and found.free > 0
    streamed = gather_disk(sources(FakeCluster(), folder=tmp_path))
    assert streamed.needed < 100_000_000
    with pytest.raises(Problem) as caught:
        gather_disk(sources(FakeCluster(), answers=staged, recorded={}))
    assert caught.value.code == "cargo-unknown"


def test_an_image_without_an_index_tells_its_platform_in_its_configuration(tmp_path: Path) -> None:
    """S2.11: an arm64 image under a single tag is met before a node says "exec format error"."""
    image = program_image(tmp_path / "image", {"/a": b"a"}, ["/a"], platform="linux/arm64")
    digest = image.manifests["linux/arm64"]["digest"]
    size, platforms = weigh(Layout(image.folder), digest, ("all",))
    assert platforms == ("linux/arm64",)
    assert size > 0


def test_clocks_from_a_dry_run_and_from_leases() -> None:
    now = time.time()

    def stamp(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    cluster = FakeCluster(
        *(
            {
                "kind": "Lease",
                "metadata": {"name": name, "namespace": "kube-node-lease"},
                "spec": {"renewTime": stamp(now + off)},
            }
            for name, off in (("a", 60.0), ("b", 660.0))
        )
    )

    def ahead(obj: Obj, dry: bool) -> Obj:
        assert dry
        obj["metadata"]["creationTimestamp"] = stamp(now + 60)[:19] + "Z"
        return obj

    cluster.on_apply = ahead
    found = gather_clocks(sources(cluster))
    assert abs(found.server - 60) < 5
    skews = dict(found.nodes)
    assert abs(skews["a"]) < 5 and abs(skews["b"] - 600) < 5
    cluster.on_apply = lambda obj, dry: obj
    with pytest.raises(Problem) as caught:
        gather_clocks(sources(cluster))
    assert caught.value.code == "clock-unknown"
