"""Scheduling, volumes, workloads and admission of the simulated cluster, where no contract shows them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.process import wait_until
from tests.rehearsal.opened import Opened, open_tiny
from wizard.cluster.port import Obj
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.rehearsal.kube.merge import apply as merged
from wizard.rehearsal.kube.podsecurity import violations
from wizard.rehearsal.quantities import amount, size

Opener = Callable[..., Opened]
RESTRICTED: Obj = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(image: str, name: str = "p", **spec: Any) -> Obj:
    """A pod that sleeps."""
    container = {
        "name": "c",
        "image": image,
        "args": ["sleep", "300"],
        "resources": spec.pop("resources", {}),
    }
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **spec}}


def comes(world: Opened, kind: str, name: str, true: Callable[[Any], bool]) -> Obj:
    """The object, once that is true of its status."""

    def come() -> Obj | None:
        found = world.cluster.get(kind, name, "default")
        return found if found is not None and true(found["status"]) else None

    found = wait_until(come, f"{kind} {name} comes to it")
    assert found is not None
    return found


def node_of(world: Opened, obj: Obj) -> tuple[str, str]:
    """(node, what the scheduler says)."""
    world.cluster.apply(obj)
    found = world.cluster.get("Pod", obj["metadata"]["name"], "default")
    assert found is not None
    world.cluster.delete("Pod", obj["metadata"]["name"], "default")
    scheduled = next(c for c in found["status"]["conditions"] if c["type"] == "PodScheduled")
    return found["spec"].get("nodeName", ""), scheduled.get("message", "")


def test_scheduling(opened: Opener) -> None:
    """Requests, taints, selectors and affinity; the scheduler's words where no node will do."""
    world = opened()
    image = world.mirror("probe")["probe"]
    assert node_of(world, pod(image))[0] in ("node-a", "node-b")
    huge = {"requests": {"memory": "100Gi"}}
    assert node_of(world, pod(image, resources=huge))[1] == (
        "0/3 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}, 2 Insufficient memory."
    )
    gpu: dict[str, Any] = {"limits": {"nvidia.com/gpu": "1"}}
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert node_of(world, pod(image, resources=huge, tolerations=tolerations))[0] == "node-gpu"
    assert node_of(world, pod(image, resources=gpu, tolerations=tolerations))[0] == "node-gpu"
    assert "2 Insufficient nvidia.com/gpu" in node_of(world, pod(image, resources=gpu))[1]
    selector = {"kubernetes.io/hostname": "node-b"}
    assert node_of(world, pod(image, nodeSelector=selector))[0] == "node-b"
    assert (
        "didn't match Pod's node affinity/selector" in node_of(world, pod(image, nodeSelector={"a": "b"}))[1]
    )
    term = {
        "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["node-a"]}]
    }
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert node_of(world, pod(image, affinity={"nodeAffinity": required}))[0] == "node-b"


def test_a_volume_binds_its_pods_to_its_node(opened: Opener) -> None:
    """Bound for its first consumer, a volume is on that consumer's node from then on."""
    world = opened()
    image = world.mirror("probe")["probe"]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "v", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "internal-block",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    world.cluster.apply(claim)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]
    first = node_of(world, pod(image, volumes=volumes, nodeSelector={"kubernetes.io/hostname": "node-b"}))
    assert first[0] == "node-b"
    words = node_of(world, pod(image, volumes=volumes, nodeSelector={"kubernetes.io/hostname": "node-a"}))[1]
    assert "volume node affinity conflict" in words
    assert node_of(world, pod(image, volumes=volumes))[0] == "node-b"
    claim["spec"]["resources"] = {"requests": {"storage": "2Gi"}}
    world.cluster.apply(claim)
    found = world.cluster.get("PersistentVolumeClaim", "v", "default")
    assert found is not None
    assert found["status"]["capacity"] == {"storage": "2Gi"}
    claim["spec"]["resources"] = {"requests": {"storage": "1Gi"}}
    with pytest.raises(Problem, match="cluster refused"):
        world.cluster.apply(claim)
    folder = world.world.state.path / "volumes" / found["spec"]["volumeName"]
    assert folder.is_dir()
    world.cluster.delete("PersistentVolumeClaim", "v", "default")
    assert not folder.exists()
    assert not world.cluster.list("PersistentVolume")


def _workload(kind: str, image: str, **spec: Any) -> Obj:
    labels = {"app": "w"}
    template = {"metadata": {"labels": labels}, "spec": pod(image)["spec"]}
    body = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template, **spec}
    api = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "w", "namespace": "default"}}
    return {**api, "spec": body}


def test_a_deployment_rolls_only_when_its_new_pods_are_ready(opened: Opener) -> None:
    """An image that cannot be pulled leaves the old pods running."""
    world = opened()
    image = world.mirror("probe")["probe"]
    world.cluster.apply(_workload("Deployment", image))
    before = {p["metadata"]["uid"] for p in world.cluster.list("Pod", "default", {"app": "w"})}
    assert len(before) == 2
    world.cluster.apply(_workload("Deployment", image.partition("@")[0] + "@sha256:" + "0" * 64))
    now = {p["metadata"]["uid"] for p in world.cluster.list("Pod", "default", {"app": "w"})}
    assert before < now
    world.cluster.apply(_workload("Deployment", image))
    found = world.cluster.get("Deployment", "w", "default")
    assert found is not None
    assert found["status"]["readyReplicas"] == 2
    world.cluster.apply(_workload("Deployment", image, replicas=0))
    assert not world.cluster.list("Pod", "default", {"app": "w"})


def test_a_stateful_set_goes_in_order_and_adopts_orphans(opened: Opener) -> None:
    """w-0 before w-1; after an orphaning delete the pods are taken over."""
    world = opened()
    image = world.mirror("probe")["probe"]
    world.cluster.apply(_workload("StatefulSet", image, serviceName="w"))
    pods = {
        p["metadata"]["name"]: p["metadata"]["uid"]
        for p in world.cluster.list("Pod", "default", {"app": "w"})
    }
    assert sorted(pods) == ["w-0", "w-1"]
    world.cluster.delete("StatefulSet", "w", "default", orphan=True)
    assert len(world.cluster.list("Pod", "default", {"app": "w"})) == 2
    world.cluster.apply(_workload("StatefulSet", image, serviceName="w"))
    again = {
        p["metadata"]["name"]: p["metadata"]["uid"]
        for p in world.cluster.list("Pod", "default", {"app": "w"})
    }
    assert again == pods
    world.cluster.delete("StatefulSet", "w", "default")
    assert not world.cluster.list("Pod", "default", {"app": "w"})


def test_what_admission_refuses_is_an_event_on_the_owner(opened: Opener) -> None:
    """A Deployment whose pods violate the namespace's profile is there, and has none."""
    world = opened()
    image = world.mirror("probe")["probe"]
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    world.cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}}
    )
    deployment = _workload("Deployment", image)
    deployment["metadata"]["namespace"] = "strict"
    world.cluster.apply(deployment)
    found = world.cluster.get("Deployment", "w", "strict")
    assert found is not None
    failure = next(c for c in found["status"]["conditions"] if c["type"] == "ReplicaFailure")
    assert "violates PodSecurity" in failure["message"]
    events = [e for e in world.cluster.list("Event", "strict") if e["reason"] == "FailedCreate"]
    assert events[0]["involvedObject"]["kind"] == "ReplicaSet"
    assert events[0]["type"] == "Warning"


def test_a_job_that_fails_gives_up(opened: Opener) -> None:
    world = opened()
    image = world.mirror("probe")["probe"]
    spec = pod(image, restartPolicy="Never")["spec"]
    spec["containers"][0]["args"] = ["dial"]
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "default"}}
    world.cluster.apply({**job, "spec": {"backoffLimit": 1, "template": {"metadata": {}, "spec": spec}}})
    found = comes(world, "Job", "j", lambda status: bool(status.get("conditions")))
    assert found["status"]["failed"] == 2
    assert found["status"]["conditions"][0]["reason"] == "BackoffLimitExceeded"


def test_an_init_container_comes_first(opened: Opener) -> None:
    """And where it fails, the others never start."""
    world = opened()
    image = world.mirror("probe")["probe"]
    for name, words, phase in (
        ("good", ["resolve", "kubernetes.default.svc"], "Running"),
        ("bad", ["dial"], "Failed"),
    ):
        init = {"name": "first", "image": image, "args": words}
        world.cluster.apply(pod(image, name, initContainers=[init], restartPolicy="Never"))
        found = comes(world, "Pod", name, lambda status, phase=phase: status["phase"] == phase)
        assert found["status"]["initContainerStatuses"][0]["ready"] is (name == "good")


def test_secrets_that_a_pod_needs(opened: Opener) -> None:
    """A missing one keeps the container waiting; made later, the pod starts."""
    world = opened()
    image = world.mirror("probe")["probe"]
    obj = pod(image, "needs")
    source = {"secretKeyRef": {"name": "s", "key": "k"}}
    obj["spec"]["containers"][0]["env"] = [{"name": "E", "valueFrom": source}]
    mounted = pod(image, "mounts", volumes=[{"name": "v", "secret": {"secretName": "s"}}])
    for one in (obj, mounted):
        world.cluster.apply(one)
    found = world.cluster.get("Pod", "needs", "default")
    assert found is not None
    waiting = found["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}
    events = [e["message"] for e in world.cluster.list("Event", "default") if e["reason"] == "FailedMount"]
    assert events == ['MountVolume.SetUp failed for volume "v" : secret "s" not found']
    meta = {"name": "s", "namespace": "default"}
    world.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "v"}})
    for name in ("needs", "mounts"):
        comes(world, "Pod", name, lambda status: status["phase"] == "Running")


def test_fields_that_nobody_may_change(opened: Opener) -> None:
    world = opened()
    image = world.mirror("probe")["probe"]
    world.cluster.apply(_workload("Deployment", image))
    other = _workload("Deployment", image)
    other["spec"]["selector"] = {"matchLabels": {"app": "x"}}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    with pytest.raises(Problem) as caught:
        world.cluster.apply(other)
    assert "field is immutable" in caught.value.detail
    world.cluster.apply(pod(image))
    with pytest.raises(Problem) as caught:
        world.cluster.apply(pod(image, hostNetwork=True))
    assert "pod updates may not change fields" in caught.value.detail


def test_rbac(opened: Opener) -> None:
    """What may not be done is refused with the rule to add, and `may` says so beforehand."""
    world = opened("rbac-missing")
    assert world.cluster.may("list", "Node") is False
    assert world.cluster.may("list", "Pod", "default") is True
    with pytest.raises(Problem) as caught:
        world.cluster.list("Node")
    assert caught.value.code == "cluster-forbidden"
    assert caught.value.evidence["resource"] == "nodes"
    assert 'verbs: ["list"]' in caught.value.detail
    image = world.mirror("probe")["probe"]
    world.cluster.apply(pod(image))
    container = {"name": "d", "image": image, "args": ["dial", "1.1.1.1:443"]}
    with pytest.raises(Problem) as caught:
        world.cluster.debug("p", "default", container, timeout=1, stop=Stop())
    assert caught.value.evidence["resource"] == "pods/ephemeralcontainers"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"hostNetwork": True, "hostPID": True}, "host namespaces (hostNetwork=true, hostPID=true)"),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "h")'),
        (
            {"volumes": [{"name": "n", "nfs": {}}]},
            'restricted volume types (volumes use restricted types "nfs")',
        ),
        ({"securityContext": {"runAsUser": 0}}, "runAsUser=0"),
        ({"c": {"privileged": True}}, 'privileged (container "c" must not set'),
        ({"c": {"allowPrivilegeEscalation": True}}, "allowPrivilegeEscalation != false"),
        ({"c": {"capabilities": {"drop": []}}}, "unrestricted capabilities"),
        ({"c": {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}}, "non-default capabilities"),
        ({"c": {"runAsNonRoot": False}}, "runAsNonRoot != true"),
        ({"c": {"seccompProfile": {"type": "Unconfined"}}}, "seccompProfile (pod or container"),
        ({"c": {}, "ports": [{"hostPort": 80}]}, "hostPort"),
    ],
)
def test_what_restricted_refuses(change: dict[str, Any], words: str) -> None:
    """Each control by itself (S1.33)."""
    spec = {k: v for k, v in change.items() if k not in ("c", "ports")}
    container = {
        "name": "c",
        "securityContext": {**RESTRICTED, **change.get("c", {})},
        "ports": change.get("ports", []),
    }
    found = violations({"containers": [container], **spec}, "restricted")
    assert (words in "; ".join(found)) if words else not found
    assert not violations({"containers": [{"name": "c", "securityContext": {"privileged": True}}]}, "")


def test_apply_is_three_way() -> None:
    """What a manager no longer applies goes; what others wrote stays; lists merge by their key."""
    live = {
        "a": 1,
        "theirs": 2,
        "containers": [{"name": "x", "image": "1"}, {"name": "injected"}],
        "l": [1, 2],
    }
    last = {"a": 1, "containers": [{"name": "x", "image": "1"}], "l": [1, 2]}
    new = {"b": 3, "containers": [{"name": "x", "image": "2"}], "l": [3]}
    assert merged(live, last, new) == {
        "theirs": 2,
        "b": 3,
        "containers": [{"name": "x", "image": "2"}, {"name": "injected"}],
        "l": [3],
    }
    gone = merged({"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "A"}]}, {"env": []})
    assert gone == {"env": [{"name": "B"}]}


def test_quantities() -> None:
    assert (amount("500m"), amount("2"), size("20Gi"), size("1.5k"), size("3M")) == (
        0.5,
        2.0,
        20 << 30,
        1500,
        3000000,
    )
    for wrong in ("", "lots", "1X"):
        with pytest.raises((ValueError, KeyError)):
            amount(wrong)


def test_an_api_server_that_is_away(opened: Opener) -> None:
    world = opened("api-away")
    for call in (world.cluster.version, lambda: world.cluster.list("Pod")):
        with pytest.raises(Problem) as caught:
            call()
        assert caught.value.code == "cluster-unreachable"


def test_limits_that_a_namespace_gives(tmp_path: Path) -> None:
    """LimitRange: defaults are filled in, too much is refused."""
    world = open_tiny("healthy", tmp_path / "s" / "w")
    try:
        image = world.mirror("probe")["probe"]
        limits = [{"type": "Container", "default": {"memory": "64Mi"}, "max": {"memory": "128Mi"}}]
        meta = {"name": "l", "namespace": "default"}
        world.cluster.apply(
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": limits}}
        )
        made = world.cluster.apply(pod(image))
        assert made["spec"]["containers"][0]["resources"]["limits"] == {"memory": "64Mi"}
        with pytest.raises(Problem) as caught:
            world.cluster.apply(pod(image, "big", resources={"limits": {"memory": "1Gi"}}))
        assert "maximum memory usage per Container is 128Mi" in caught.value.detail
        assert json.dumps(made)
    finally:
        world.world.close()
