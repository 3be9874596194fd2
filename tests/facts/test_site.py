"""Nodes, storage and pulls, gathered from a cluster."""

import json

import pytest

from tests.facts.fakes import HOST, FakeCluster, node, sources, storage_class
from wizard.cluster.port import Obj, PodResult
from wizard.cluster.probes.causes import pull_cause
from wizard.engine.problems import Problem
from wizard.facts.base import Unknown, gather
from wizard.facts.binding import Binding, gather_binding
from wizard.facts.nodes import gather_nodes
from wizard.facts.pulls import Pulls, gather_outside_pulls, gather_pulls
from wizard.facts.quantity import human, number, whole
from wizard.facts.registry import GATHERERS
from wizard.facts.storage import gather_storage


def test_quantities() -> None:
    assert whole("20Gi") == 20 * 1024**3
    assert whole("1500M") == 1_500_000_000
    assert float(number("3500m")) == 3.5
    assert whole("1e3") == 1000
    assert whole(None) == whole("") == whole("nonsense") == 0
    assert human(7 * 1024**3) == "7.0 GiB"


def test_nodes_with_what_pods_were_promised() -> None:
    """S1.49: what counts is what is allocatable, less what running pods request."""
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "x"},
        "spec": {"nodeName": "a", "containers": [{"resources": {"requests": {"memory": "2Gi"}}}]},
        "status": {"phase": "Running"},
    }
    over = pod | {"metadata": {"name": "q", "namespace": "x"}, "status": {"phase": "Succeeded"}}
    mine = pod | {
        "metadata": {
            "name": "ours",
            "namespace": "opencost-ai",
            "labels": {"app.kubernetes.io/instance": "opencost-ai"},
        }
    }
    tainted = node("b", arch="arm64", taints=[{"key": "gpu", "effect": "NoSchedule"}])
    a, b = gather_nodes(sources(FakeCluster(node("a"), tainted, pod, over, mine))).nodes
    assert (a.memory, a.promised, a.cpus, a.schedulable) == (16 * 1024**3, 2 * 1024**3, 3.5, True)
    assert (b.arch, b.taints, b.schedulable) == ("arm64", ("gpu:NoSchedule",), False)


def test_a_storage_class_that_exists_and_one_that_does_not() -> None:
    cluster = FakeCluster(storage_class("other"), storage_class("fast"))
    found = gather_storage(sources(cluster))
    assert (found.exists, found.provisioner, found.expands, found.others) == (
        True,
        "csi.example",
        True,
        ("other",),
    )
    missing = gather_storage(sources(FakeCluster(storage_class("other"))))
    assert (missing.exists, missing.others) == (False, ("other",))


def test_a_volume_binds_for_the_pod_that_mounts_it() -> None:
    """S1.10: WaitForFirstConsumer binds nothing until a pod wants it."""
    cluster = FakeCluster(storage_class())

    def mount(pod: Obj) -> PodResult:
        claim = pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
        space = pod["metadata"]["namespace"]
        cluster.objects["PersistentVolumeClaim", space, claim]["status"] = {"phase": "Bound"}
        return PodResult(0, "")

    cluster.on_run = mount
    assert gather_binding(sources(cluster)) == Binding("fast", "Bound", True)
    assert not [key for key in cluster.objects if key[0] != "StorageClass"]


def test_a_volume_that_stays_pending_says_the_provisioners_words() -> None:
    cluster = FakeCluster(storage_class())

    def never(pod: Obj) -> PodResult:
        cluster.put(
            {
                "kind": "Event",
                "metadata": {"name": "e", "namespace": pod["metadata"]["namespace"]},
                "involvedObject": {"kind": "PersistentVolumeClaim", "name": "small"},
                "message": "waiting for a volume to be created by csi.example",
            }
        )
        raise Problem("pod-did-not-start", "no", detail="unbound PersistentVolumeClaims")

    cluster.on_run = never
    found = gather_binding(sources(cluster))
    assert (found.phase, found.mounted) == ("Pending", False)
    assert "unbound" in found.why and "csi.example" in found.why


def test_a_class_that_is_not_there_is_not_tried() -> None:
    cluster = FakeCluster(storage_class("other"))
    with pytest.raises(Problem) as caught:
        gather_binding(sources(cluster))
    assert caught.value.code == "storage-class-missing"
    assert cluster.applied == []


def test_an_image_that_does_not_come_says_nothing_of_the_storage() -> None:
    cluster = FakeCluster(storage_class())

    def never(pod: Obj) -> PodResult:
        raise Problem("pod-did-not-start", "no", detail="ErrImagePull: failed to pull and unpack image")

    cluster.on_run = never
    facts = gather([Binding], GATHERERS, sources(cluster))
    assert isinstance(facts.get(Binding), Unknown)


def test_every_node_pulls_for_itself_past_taints() -> None:
    """S1.11: bound by nodeName, all taints tolerated, pulled anew."""
    cluster = FakeCluster(node("a"), node("b", taints=[{"key": "x", "effect": "NoExecute"}]))
    pods: list[Obj] = []

    def pull(pod: Obj) -> PodResult:
        pods.append(pod)
        if pod["spec"]["nodeName"] == "b":
            raise Problem(
                "pod-did-not-start",
                "no",
                detail=f'Failed to pull image "{HOST}/x": failed to authorize: 401 Unauthorized',
            )
        return PodResult(0, "")

    cluster.on_run = pull
    found = gather_pulls(sources(cluster))
    assert [(p.node, p.outcome) for p in found.pulls] == [("a", "pulled"), ("b", "refused-credentials")]
    assert found.authenticated
    assert all(p["spec"]["tolerations"] == [{"operator": "Exists"}] for p in pods)
    assert all(p["spec"]["containers"][0]["imagePullPolicy"] == "Always" for p in pods)


def test_a_public_image_is_asked_for_on_every_node() -> None:
    """S2.24: as it is named outside, not as it is named in the internal registry."""
    cluster = FakeCluster(node("a"), node("b"))
    images: list[str] = []

    def pull(pod: Obj) -> PodResult:
        images.append(pod["spec"]["containers"][0]["image"])
        raise Problem("pod-did-not-start", "no", detail="dial tcp: lookup ghcr.io: no such host")

    cluster.on_run = pull
    found = gather_outside_pulls(sources(cluster))
    assert images == [found.image] * 2 and not found.image.startswith(HOST)
    assert [(p.node, p.outcome) for p in found.pulls] == [("a", "name-unknown"), ("b", "name-unknown")]


def test_causes_of_a_failed_pull() -> None:
    digest = "sha256:" + "401" * 21 + "4"
    table = {
        "tls: failed to verify certificate: x509: certificate signed by unknown authority": "unknown-authority",
        "remote error: tls: certificate required": "client-certificate",
        "remote error: tls: bad certificate": "client-certificate",
        "pull access: 401 Unauthorized": "refused-credentials",
        "unexpected status: 403 Forbidden": "forbidden",
        f"failed to resolve reference {HOST}/x@{digest}: not found": "not-found",
        "dial tcp: lookup registry.internal.example on 10.0.0.1:53: no such host": "name-unknown",
        "dial tcp 10.9.9.9:443: i/o timeout": "timeout",
        "dial tcp 10.9.9.9:443: connect: connection refused": "refused",
        "no match for platform in manifest: not found": "wrong-architecture",
        "http: server gave HTTP response to HTTPS client": "plain-http",
        'pods "x" is forbidden: violates PodSecurity "restricted:latest"': "admission",
        "write /var/lib/containerd: no space left on device": "no-space",
        "something else": "other",
    }
    assert {words: pull_cause(words) for words in table} == table


def test_a_missing_permission_is_unknown_with_its_remedy_and_leaves_the_others_alone() -> None:
    from wizard.engine.events import Remedy
    from wizard.facts.kubernetes import Kubernetes
    from wizard.facts.nodes import Nodes

    cluster = FakeCluster()
    add = Remedy("add the rule", "kubectl apply -f role.yaml")
    cluster.refuse["list Node"] = Problem("cluster-forbidden", "may not list nodes", remedies=(add,))
    facts = gather([Kubernetes, Nodes, Pulls], GATHERERS, sources(cluster))
    assert facts.get(Nodes) == Unknown("may not list nodes", (add,), "cluster-forbidden")
    assert facts.get(Kubernetes) == Kubernetes("v1.34.4")
    assert facts.remedies([Nodes, Pulls, Kubernetes]) == (add,)


def test_the_password_is_in_the_secret_alone() -> None:
    cluster = FakeCluster(node("a"))
    gather_pulls(sources(cluster))
    secret = next(obj for obj in cluster.applied if obj["kind"] == "Secret")
    assert "s3cret-word" not in json.dumps(secret["metadata"])
    assert "s3cret-word" not in json.dumps([o for o in cluster.applied if o["kind"] != "Secret"])
