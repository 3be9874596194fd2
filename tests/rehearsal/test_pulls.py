"""Images on nodes: real fetches from loopback, faults in the container runtime's words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.opened import HOST, Opened, open_tiny
from wizard.cluster.port import Obj
from wizard.cluster.probes.causes import pull_cause
from wizard.engine.problems import Problem
from wizard.engine.secrets import SecretRef
from wizard.engine.stop import Stop
from wizard.rehearsal.description import Pulls

Opener = Callable[..., Opened]


def _pod(image: str, *, secret: str = "", node: str = "", **container: Any) -> Obj:
    spec: Obj = {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": image, "args": ["sleep", "0"], **container}],
    }
    if secret:
        spec["imagePullSecrets"] = [{"name": secret}]
    if node:
        spec["nodeName"] = node
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": spec,
    }


def _refused(world: Opened, pod: Obj) -> str:
    with pytest.raises(Problem) as caught:
        world.cluster.run_pod(pod, timeout=5, stop=Stop())
    assert caught.value.code == "pod-did-not-start"
    return caught.value.detail


@pytest.mark.parametrize(
    ("pulls", "cause"),
    [
        (Pulls.UNAUTHORIZED, "refused-credentials"),
        (Pulls.FORBIDDEN, "forbidden"),
        (Pulls.UNKNOWN_AUTHORITY, "unknown-authority"),
        (Pulls.NO_SUCH_HOST, "name-unknown"),
        (Pulls.REFUSED, "refused"),
        (Pulls.TIMEOUT, "timeout"),
        (Pulls.RATE_LIMITED, "rate-limited"),
        (Pulls.PLAIN_HTTP, "plain-http"),
    ],
)
def test_each_fault_is_told_by_its_words(tmp_path: Path, pulls: Pulls, cause: str) -> None:
    """What reads the words of a real runtime reads these (S1.11)."""
    path = tmp_path / "w.yaml"
    path.write_text(f"like: healthy\ntitle: T\nnodes: [{{name: node-a, pulls: {pulls}}}]\n")
    world = open_tiny(str(path), tmp_path / "s" / "w")
    try:
        image = world.mirror("probe")["probe"]
        assert pull_cause(_refused(world, _pod(image, node="node-a"))) == cause
        assert world.cluster.run_pod(_pod(image, node="node-b"), timeout=5, stop=Stop()).exit_code == 0
    finally:
        world.world.close()


def test_a_tag_that_is_not_there_and_an_architecture_that_is_not(opened: Opener) -> None:
    world = opened("wrong-arch")
    image = world.mirror("bridge")["bridge"]
    assert pull_cause(_refused(world, _pod(image))) == "wrong-architecture"
    assert pull_cause(_refused(world, _pod(f"{HOST}/opencost-ai/ollama-mcp-bridge:v9"))) == "not-found"


def test_outside_images_are_out_of_reach(opened: Opener) -> None:
    """S1.2: a reference that still points outside times out behind a closed perimeter, and works with an open one."""
    image = "ghcr.io/opencost/airgap-probe:0.1.0"
    assert pull_cause(_refused(opened(), _pod(image))) == "timeout"
    assert pull_cause(_refused(opened(), _pod("quay.io/some/thing:1"))) == "name-unknown"
    assert opened("perimeter-open").cluster.run_pod(_pod(image), timeout=5, stop=Stop()).exit_code == 0


def test_the_pull_secret_is_what_opens_the_registry(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.5: none, a wrong one and the right one; a missing one is only an event."""
    monkeypatch.setenv("PASSWORD", "open sesame")
    world = opened("healthy", username="airgap", password=SecretRef("env:PASSWORD"))
    image = world.mirror("probe")["probe"]
    assert pull_cause(_refused(world, _pod(image))) == "refused-credentials"
    assert pull_cause(_refused(world, _pod(image, secret="absent"))) == "refused-credentials"
    events = [
        e for e in world.cluster.list("Event", "default") if e["reason"] == "FailedToRetrieveImagePullSecret"
    ]
    assert "absent" in events[0]["message"]
    for password, works in (("open barley", False), ("open sesame", True)):
        login = {"username": "airgap", "password": password}
        world.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/dockerconfigjson",
                "metadata": {"name": "pull", "namespace": "default"},
                "stringData": {".dockerconfigjson": json.dumps({"auths": {HOST: login}})},
            }
        )
        if works:
            assert world.cluster.run_pod(_pod(image, secret="pull"), timeout=5, stop=Stop()).exit_code == 0
        else:
            assert pull_cause(_refused(world, _pod(image, secret="pull"))) == "refused-credentials"


def test_what_a_node_has_is_not_pulled_again_unless_asked(tmp_path: Path) -> None:
    """IfNotPresent runs on when the registry is gone (S5.28); Always does not, not even with a digest."""
    world = open_tiny("healthy", tmp_path / "s" / "w")
    image = world.mirror("probe")["probe"]
    try:
        world.cluster.run_pod(_pod(image, node="node-a"), timeout=5, stop=Stop())
        world.world._start_inside(world.answers).stop()
        assert world.cluster.run_pod(_pod(image, node="node-a"), timeout=5, stop=Stop()).exit_code == 0
        assert _refused(world, _pod(image, node="node-b"))
        assert _refused(world, _pod(image, node="node-a", imagePullPolicy="Always"))
    finally:
        world.world.close()


def test_a_symbolic_user_under_run_as_non_root(tmp_path: Path) -> None:
    """facts 1f: the kubelet cannot tell whether a name is root."""
    path = tmp_path / "w.yaml"
    path.write_text(
        "like: healthy\ntitle: T\nsource: {images: [{reference: 'ghcr.io/opencost/airgap-probe:0.1.0', user: curl_user}]}\n"
    )
    world = open_tiny(str(path), tmp_path / "s" / "w")
    try:
        pod = _pod(world.mirror("probe")["probe"])
        pod["spec"]["securityContext"] = {"runAsNonRoot": True}
        assert "non-numeric user (curl_user)" in _refused(world, pod)
        pod["spec"]["securityContext"]["runAsUser"] = 100
        assert world.cluster.run_pod(pod, timeout=5, stop=Stop()).exit_code == 0
    finally:
        world.world.close()
