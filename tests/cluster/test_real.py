"""The real adapter on a real cluster, beyond the contract: pulls that fail, parts that are away, old logs."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster.cluster import MACHINE_IP, NODE, Cluster
from tests.e2e.probe import push_probe
from tests.real.images import make_image, push_image
from tests.real.process import wait_until
from wizard.cluster.objects.pods import probe_pod
from wizard.cluster.port import Obj, PodResult
from wizard.cluster.probes.words import lines
from wizard.cluster.real import node_watch
from wizard.cluster.real.adapter import RealCluster
from wizard.cluster.real.connect import connect
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

pytestmark = [pytest.mark.real, pytest.mark.cluster]


@pytest.fixture(scope="module")
def cluster(kubernetes: Cluster) -> Iterator[RealCluster]:
    found = RealCluster(connect(kubernetes.kubeconfig, ""))
    yield found
    found.close()


@pytest.fixture(scope="module")
def image(kubernetes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    return push_probe(tmp_path_factory.mktemp("probe"), kubernetes.registry, "adapter/probe")


def pod(space: str, image: str, *words: str, secret: str = "", **container: Any) -> Obj:
    more = {"container": container} if container else {}
    return probe_pod("look", space, image, words, labels={"t": "t"}, pull_secret=secret, **more)


def fails(cluster: RealCluster, body: Obj, timeout: float = 60) -> Problem:
    with pytest.raises(Problem) as caught:
        cluster.run_pod(body, timeout=timeout, stop=Stop())
    assert caught.value.code == "pod-did-not-start"
    return caught.value


def test_a_pull_is_refused_in_the_runtimes_words(
    kubernetes: Cluster, cluster: RealCluster, namespace: str, image: str, tmp_path: Any
) -> None:
    """401 without the secret, x509 without the CA, no such tag, no such platform, no such host."""
    secret = kubernetes.pull_secret(namespace)
    always = {"imagePullPolicy": "Always"}
    assert "401 Unauthorized" in fails(cluster, pod(namespace, image, "sleep", "0", **always)).detail
    with kubernetes.registry_untrusted():
        assert "x509" in fails(cluster, pod(namespace, image, "sleep", "0", secret=secret, **always)).detail
    absent = image.partition("@")[0] + ":absent"
    assert "not found" in fails(cluster, pod(namespace, absent, "sleep", "0", secret=secret)).detail
    other = make_image(tmp_path / "arm", platforms=["linux/s390x"], layers=[100])
    push_image(other, kubernetes.registry, "adapter/other", "1")
    foreign = kubernetes.registry.reference("adapter/other", other.digest)
    assert (
        "no match for platform" in fails(cluster, pod(namespace, foreign, "sleep", "0", secret=secret)).detail
    )
    assert cluster.list("Pod", namespace) == [] or all(
        p["metadata"].get("deletionTimestamp") for p in cluster.list("Pod", namespace)
    )


def test_no_node_has_room(cluster: RealCluster, kubernetes: Cluster, namespace: str, image: str) -> None:
    asks = {"resources": {"requests": {"memory": "4Ti"}}}
    problem = fails(cluster, pod(namespace, image, "sleep", "0", **asks), timeout=3)
    assert problem.evidence["reason"] == "Unschedulable"
    assert "Insufficient memory" in problem.detail


def test_the_log_of_the_crash_before(
    cluster: RealCluster, kubernetes: Cluster, namespace: str, image: str
) -> None:
    body = pod(namespace, image, "dial", secret=kubernetes.pull_secret(namespace))
    body["spec"]["restartPolicy"] = "Always"
    cluster.apply(body)

    def restarted() -> bool:
        found = cluster.get("Pod", "look", namespace)
        rows = ((found or {}).get("status") or {}).get("containerStatuses") or []
        return bool(rows) and rows[0]["restartCount"] > 0

    wait_until(restarted, "a restart", 60)

    def told() -> bool:  # the kubelet may be about to replace the one that was the last
        return "dial takes HOST:PORT" in cluster.logs("look", namespace, "probe", previous=True)

    wait_until(told, "the log of the container before")
    cluster.delete("Pod", "look", namespace)


def test_the_api_server_goes_away_in_the_middle(
    cluster: RealCluster, kubernetes: Cluster, namespace: str, image: str
) -> None:
    """Killed and started again while a pod is waited for: it is waited for all the same, its output whole."""
    secret = kubernetes.pull_secret(namespace)
    results: list[PodResult] = []
    heard: list[str] = []
    # pods may not call the machine: their packets to it are dropped
    words = ["dial", f"{MACHINE_IP}:1", f"{MACHINE_IP}:2", "--timeout", "15s"]

    def run() -> None:
        body = pod(namespace, image, *words, secret=secret)
        results.append(cluster.run_pod(body, timeout=120, stop=Stop(), output=heard.append))

    worker = threading.Thread(target=run)
    worker.start()

    def runs() -> bool:
        found = cluster.get("Pod", "look", namespace)
        return found is not None and found["status"].get("phase") == "Running"

    try:
        wait_until(runs, "the pod", 60)
        with kubernetes.without("api"):
            pass
    finally:
        worker.join(150)
    (result,) = results
    assert result.exit_code == 0
    assert result.output.splitlines() == heard
    assert [line["outcome"] for line in lines(result.output)] == ["timeout", "timeout"]


def test_a_kubelet_that_is_away_ends_the_wait(
    cluster: RealCluster,
    kubernetes: Cluster,
    namespace: str,
    image: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The node is called Unknown after 50 s; patience is shortened here, not that."""
    monkeypatch.setattr(node_watch, "EVERY", 1.0)
    monkeypatch.setattr(node_watch, "PATIENCE", 1.0)
    secret = kubernetes.pull_secret(namespace)
    caught: list[Problem] = []

    def run() -> None:
        try:
            cluster.run_pod(pod(namespace, image, "sleep", "300", secret=secret), timeout=200, stop=Stop())
        except Problem as problem:
            caught.append(problem)

    worker = threading.Thread(target=run)
    worker.start()

    def runs() -> bool:
        found = cluster.get("Pod", "look", namespace)
        return found is not None and found["status"].get("phase") == "Running"

    try:
        wait_until(runs, "the pod", 60)
        with kubernetes.without("kubelet"):
            worker.join(120)
    finally:
        worker.join(200)
    (problem,) = caught
    assert (problem.code, problem.evidence) == ("node-away", {"node": NODE})
    wait_until(lambda: cluster.get("Pod", "look", namespace) is None, "the pod gone", 60)
