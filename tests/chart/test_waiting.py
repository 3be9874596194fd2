"""What a release waits for, out of pods, claims and events."""

import pytest

from tests.chart.fakes import FakeCluster
from wizard.cluster.objects.names import Names
from wizard.cluster.waiting.release import causes, not_ready

NAMES = Names("opencost-ai", "opencost-ai")
LABELS = {"app.kubernetes.io/instance": "opencost-ai"}


def pod(name="opencost-ai-bridge-1", *, waiting=None, ready=False, conditions=(), **container):
    status = {"conditions": [{"type": "Ready", "status": str(ready)}, *conditions]}
    if waiting or container:
        state = {"waiting": waiting} if waiting else container.pop("state", {})
        status["containerStatuses"] = [{"name": "bridge", "image": "h/a@d", "state": state, **container}]
    meta = {"name": name, "namespace": "opencost-ai", "labels": LABELS, "uid": f"uid-{name}"}
    return {"kind": "Pod", "metadata": meta, "status": status}


def event(reason, message, kind="Pod", name="opencost-ai-bridge-1", uid=None, at="2026-01-01T00:00:00Z"):
    who = {"kind": kind, "name": name, **({"uid": uid} if uid else {})}
    return {"kind": "Event", "metadata": {"name": reason, "namespace": "opencost-ai"}, "involvedObject": who,
            "reason": reason, "message": message, "lastTimestamp": at}  # fmt: skip


def claim(phase, storage="internal-block"):
    meta = {"name": "models-opencost-ai-ollama-0", "namespace": "opencost-ai"}
    return {"kind": "PersistentVolumeClaim", "metadata": meta, "status": {"phase": phase},
            "spec": {"storageClassName": storage}}  # fmt: skip


def only(*objects, log=""):
    cluster = FakeCluster(*objects)
    cluster.log = log
    [cause] = causes(cluster, NAMES)
    return cause


def test_a_ready_release_waits_for_nothing():
    cluster = FakeCluster(pod(ready=True), claim("Bound"))
    assert causes(cluster, NAMES) == []
    assert not_ready(cluster, NAMES) == []


def test_pods_of_others_do_not_matter():
    other = pod(waiting={"reason": "ErrImagePull"})
    other["metadata"]["labels"] = {"app.kubernetes.io/instance": "other"}
    assert causes(FakeCluster(other), NAMES) == []


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("failed to authorize: failed to fetch anonymous token: 401 Unauthorized", "pull secret"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "CA"),
        ("h/a@d: not found", "copy the images again"),
        ("no match for platform in manifest: not found", "platform"),
        ("dial tcp: lookup registry.internal.example: no such host", "resolve"),
    ],
)
def test_a_pull_that_fails_names_reason_and_remedy(words, remedy):
    cause = only(pod(waiting={"reason": "ErrImagePull", "message": words}))
    assert cause.code == "image-pull-failed"
    assert words in str(cause)
    assert remedy in cause.problem.remedies[0].text


def test_a_back_off_is_explained_by_the_event_before_it():
    back = pod(waiting={"reason": "ImagePullBackOff", "message": 'Back-off pulling image "h/a@d"'})
    words = 'Failed to pull image "h/a@d": 401 Unauthorized'
    later = [
        event("Failed", f"Error: {why}", at="2026-01-02T00:00:00Z")
        for why in ("ErrImagePull", "ImagePullBackOff")
    ]
    cause = only(back, event("Failed", words), *later)
    assert words in str(cause)


def test_a_back_off_that_says_why_itself():
    message = (
        'Back-off pulling image "h/a@d": ErrImagePull: failed to pull and unpack image: 401 Unauthorized'
    )
    cause = only(pod(waiting={"reason": "ImagePullBackOff", "message": message}))
    assert str(cause).endswith("of h/a@d: failed to pull and unpack image: 401 Unauthorized")


def test_events_of_an_earlier_pod_of_that_name_are_not_its_own():
    back = pod(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"})
    cause = only(back, event("Failed", "Failed to pull image: 401", uid="another"))
    assert "401" not in str(cause)


def test_no_node_takes_it():
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                 "message": "0/1 nodes are available: 1 Insufficient memory."}  # fmt: skip
    cause = only(pod(conditions=[condition]))
    assert cause.code == "pod-unschedulable"
    assert "Insufficient memory" in str(cause)


def test_a_crash_shows_its_last_lines():
    crashed = pod(
        waiting={"reason": "CrashLoopBackOff", "message": "back-off 10s"},
        restartCount=3,
        lastState={"terminated": {"exitCode": 1, "reason": "Error"}},
    )
    cause = only(crashed, log="starting\nFailed to initialize cache at /.cache/uv: Read-only file system\n")
    assert cause.code == "pod-crashes"
    assert "exit code 1" in str(cause)
    assert "Read-only file system" in str(cause)
    assert "--previous" in cause.problem.remedies[0].command


def test_out_of_memory_is_said():
    killed = pod(
        waiting={"reason": "CrashLoopBackOff"},
        lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    )
    assert "out of memory" in str(only(killed))


def test_a_container_that_just_ended_badly_counts_as_a_crash():
    assert only(pod(state={"terminated": {"exitCode": 2}})).code == "pod-crashes"


def test_a_container_that_cannot_be_made():
    cause = only(pod(waiting={"reason": "CreateContainerConfigError", "message": "secret not found"}))
    assert (cause.code, "secret not found" in str(cause)) == ("pod-not-started", True)


def test_a_volume_that_is_not_mounted():
    cause = only(pod(), event("FailedMount", "MountVolume.SetUp failed"))
    assert cause.code == "pod-not-started"


def test_a_claim_that_waits():
    cause = only(
        claim("Pending", "gone"),
        event(
            "ProvisioningFailed",
            'storageclass "gone" not found',
            "PersistentVolumeClaim",
            "models-opencost-ai-ollama-0",
        ),
    )
    assert cause.code == "claim-pending"
    assert 'storageclass "gone" not found' in str(cause)


def test_pods_that_admission_refuses():
    """S1.33."""
    words = 'pods "opencost-ai-bridge-abc" is forbidden: violates PodSecurity "restricted:latest"'
    cause = only(event("FailedCreate", words, "ReplicaSet", "opencost-ai-bridge-abc"))
    assert (cause.code, cause.about) == ("pod-refused", "ReplicaSet opencost-ai-bridge-abc")
    assert words in str(cause)


def test_a_refusal_that_is_over_is_not_told():
    old = event("FailedCreate", "exceeded quota", "ReplicaSet", "opencost-ai-bridge-abc")
    cluster = FakeCluster(old, pod("opencost-ai-bridge-abc-xyz", ready=True))
    assert causes(cluster, NAMES) == []


def node(ready, name="node1"):
    condition = {"type": "Ready", "status": ready, "message": "Kubelet stopped posting node status."}
    return {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [condition]}}


def test_a_node_whose_kubelet_is_away():
    """The pods there have nothing to say: their node is the cause."""
    here, there = pod(), pod("opencost-ai-gateway-1", ready=True)
    here["spec"], there["spec"] = {"nodeName": "node1"}, {"nodeName": "node2"}
    cause = only(here, there, node("Unknown"), node("Unknown", "node2"), node("True", "node3"))
    assert (cause.code, cause.about) == ("node-away", "node node1")
    assert "NotReady, and opencost-ai-bridge-1 waits for it" in str(cause)
    assert "Kubelet stopped posting" in str(cause)
    assert cause.problem.remedies[0].command == "kubectl describe node node1"
    assert causes(FakeCluster(here, node("True")), NAMES) == []


def test_the_most_telling_comes_first():
    cluster = FakeCluster(
        pod(
            "opencost-ai-ollama-0",
            conditions=[{"type": "PodScheduled", "status": "False", "message": "unbound claim"}],
        ),
        pod(waiting={"reason": "ErrImagePull", "message": "401"}),
        claim("Pending"),
    )
    assert [c.code for c in causes(cluster, NAMES)] == [
        "image-pull-failed",
        "claim-pending",
        "pod-unschedulable",
    ]
