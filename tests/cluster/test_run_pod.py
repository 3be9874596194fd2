"""Running a pod to its end: output once and whole, causes named, nothing left, whatever the API does meanwhile."""

import threading
from typing import Any

import pytest

from tests.cluster.fake_api import Answer, Asked, FakeApi, status
from wizard.cluster.port import PodResult
from wizard.cluster.real import node_watch, pods
from wizard.cluster.real.adapter import RealCluster
from wizard.cluster.real.pod_log import KEPT, PodLog
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop

PATH = "/api/v1/namespaces/s/pods"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "s"},
    "spec": {"nodeName": "n1", "containers": [{"name": "probe"}]},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pods, "TICK", 0.0)


def _container(**state: Any) -> dict[str, Any]:
    return {"phase": "Running", "containerStatuses": [{"name": "probe", "state": state}]}


RUNNING = _container(running={})
DONE = _container(terminated={"exitCode": 0})


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return _container(waiting={"reason": reason, "message": message}) | {"phase": "Pending"}


def run(cluster: RealCluster, **more: Any) -> PodResult:
    return cluster.run_pod(POD, **({"timeout": 60, "stop": Stop()} | more))


def log(api: FakeApi, *texts: str) -> None:
    api.on("GET", f"{PATH}/p/log", *((200, text.encode()) for text in texts))


def test_output_is_heard_once_and_whole(api: FakeApi, cluster: RealCluster) -> None:
    """Only whole lines, each once, also where several bear one time stamp; the rest when it is over."""
    t = "2026-01-01T10:00:0{}.000000000+02:00 {}\n".format
    api.pods("p", {"phase": "Pending"}, RUNNING, RUNNING, DONE)
    log(
        api,
        t(0, "one") + t(1, "two") + "2026-01-01T10:00:01.000000000+02:00 hal",
        t(1, "two") + t(1, "half"),
        t(1, "two") + t(1, "half") + t(2, "three") + "2026-01-01T10:00:03.000000000+02:00 end",
    )
    heard: list[str] = []
    result = run(cluster, output=heard.append)
    assert heard == ["one", "two", "half", "three", "end"]
    assert result == PodResult(0, "one\ntwo\nhalf\nthree\nend", "n1")
    since = [asked.query.get("sinceTime") for asked in api.of("GET", f"{PATH}/p/log")]
    assert since == [None, "2026-01-01T10:00:01+02:00", "2026-01-01T10:00:01+02:00"]
    assert len(api.of("DELETE", f"{PATH}/p")) == 1


def test_long_output_keeps_its_end(api: FakeApi, cluster: RealCluster) -> None:
    stamp = "2026-01-01T10:00:00.000000000Z "
    log(api, "".join(f"{stamp}{n:09} {'x' * 90}\n" for n in range(20_000)) + stamp + "outcome\n")
    follow = PodLog(cluster, "p", "s", "probe", None)
    follow.read()
    assert follow.cut
    assert KEPT - 200 < len(follow.text) <= KEPT
    assert follow.text.endswith("outcome\n")
    assert follow.text.startswith("0000"), "whole lines"


def test_an_exit_code_is_a_result(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", _container(terminated={"exitCode": 3}))
    log(api, "")
    assert run(cluster).exit_code == 3


def test_the_log_may_lag_behind_the_start(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", RUNNING, DONE)
    api.on(
        "GET",
        f"{PATH}/p/log",
        status(400, 'container "probe" in pod "p" is waiting to start'),
        (200, b"2026-01-01T10:00:00.000000000Z said\n"),
    )
    assert run(cluster, output=lambda _: None).output == "said\n"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ErrImagePull", "failed to authorize: 401 Unauthorized"),
        ("ErrImagePull", "x509: certificate signed by unknown authority"),
        ("ErrImagePull", "host/repo@sha256:0: not found"),
        ("ErrImagePull", "no match for platform in manifest"),
        ("InvalidImageName", "couldn't parse"),
        ("CreateContainerConfigError", 'secret "x" not found'),
    ],
)
def test_a_hopeless_wait_ends_at_once_with_the_runtimes_words(
    api: FakeApi, cluster: RealCluster, reason: str, words: str
) -> None:
    api.pods("p", {"phase": "Pending"}, waiting(reason, words))
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert caught.value.code == "pod-did-not-start"
    assert caught.value.evidence["reason"] == reason
    assert words in caught.value.detail
    assert len(api.of("DELETE", f"{PATH}/p")) == 1


def test_the_first_cause_is_found_behind_a_back_off(api: FakeApi, cluster: RealCluster) -> None:
    """The waiting message only says "Back-off"; the event has the cause."""
    events = [
        {"type": "Warning", "message": "401 Unauthorized", "involvedObject": {"uid": "u1"}},
        {"type": "Warning", "message": "of another pod", "involvedObject": {"uid": "u2"}},
        {"type": "Normal", "message": "Pulling", "involvedObject": {"uid": "u1"}},
    ]
    api.on("GET", "/api/v1/namespaces/s/events", (200, {"items": events}))
    api.pods("p", waiting("ImagePullBackOff", "Back-off pulling image"))
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert caught.value.detail == "Back-off pulling image; 401 Unauthorized"


def test_a_registry_that_stumbles_is_given_time(
    api: FakeApi, cluster: RealCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = waiting("ErrImagePull", "dial tcp 10.0.0.1:443: connect: connection refused")
    api.pods("p", refused, refused, DONE)
    log(api, "")
    assert run(cluster).exit_code == 0
    monkeypatch.setattr(pods, "PULL_PATIENCE", 0.0)
    api.handlers.clear()
    api.pods("p", refused)
    with pytest.raises(Problem, match="ErrImagePull"):
        run(cluster)


def test_what_is_never_scheduled_says_why(api: FakeApi, cluster: RealCluster) -> None:
    words = "0/1 nodes are available: 1 Insufficient memory."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    api.pods("p", {"phase": "Pending", "conditions": [condition]})
    with pytest.raises(Problem) as caught:
        run(cluster, timeout=0.05)
    assert (caught.value.code, caught.value.detail) == ("pod-did-not-start", words)
    assert caught.value.evidence["reason"] == "Unschedulable"


def test_what_does_not_end_is_told_apart(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", RUNNING)
    with pytest.raises(Problem) as caught:
        run(cluster, timeout=0.05)
    assert caught.value.code == "cluster-timeout"
    assert len(api.of("DELETE", f"{PATH}/p")) == 1


def test_an_evicted_pod_is_no_result(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory"})
    with pytest.raises(Problem, match="Evicted") as caught:
        run(cluster)
    assert "low on memory" in caught.value.detail


def test_a_refused_pod_has_the_apis_words(api: FakeApi, cluster: RealCluster) -> None:
    words = 'pods "p" is forbidden: violates PodSecurity "restricted:latest"'
    api.on("POST", PATH, status(403, words))
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert (caught.value.code, caught.value.detail) == ("pod-did-not-start", words)
    assert not api.of("DELETE", f"{PATH}/p"), "what was not made is not removed"


def test_without_the_right_to_create_it_is_forbidden(api: FakeApi, cluster: RealCluster) -> None:
    words = 'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "s"'
    api.on("POST", PATH, status(403, words))
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert caught.value.code == "cluster-forbidden"


def test_a_creation_whose_answer_was_lost_is_recognised(api: FakeApi, cluster: RealCluster) -> None:
    """The pod is there, by our own mark: it is not refused as a stranger's."""
    made: dict[str, Any] = {}

    def create(asked: Asked) -> Answer:
        if made:
            return status(409, 'pods "p" already exists', "AlreadyExists")
        made.update(asked.body, metadata={**asked.body["metadata"], "uid": "u1"}, status=DONE)
        api.break_off = 1
        return 201, made

    api.on("POST", PATH, create)
    api.on("GET", f"{PATH}/p", lambda _: (200, made))
    api.on("DELETE", f"{PATH}/p", (200, {}))
    log(api, "")
    assert run(cluster).exit_code == 0


def test_a_strangers_pod_of_that_name_is_not_touched(api: FakeApi, cluster: RealCluster) -> None:
    api.on("POST", PATH, status(409, 'pods "p" already exists', "AlreadyExists"))
    api.on("GET", f"{PATH}/p", (200, {"metadata": {"name": "p", "uid": "other"}}))
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert "already exists" in caught.value.detail
    assert not api.of("DELETE", f"{PATH}/p")


def test_one_that_is_on_its_way_out_is_waited_for(api: FakeApi, cluster: RealCluster) -> None:
    """As a killed run leaves it when the next one has just swept."""
    going = {"metadata": {"name": "p", "uid": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    made: dict[str, Any] = {}

    def create(asked: Asked) -> Answer:
        if len(api.of("POST", PATH)) == 1:
            return status(409, "object is being deleted: pods already exists", "AlreadyExists")
        made.update(asked.body, metadata={**asked.body["metadata"], "uid": "u1"}, status=DONE)
        return 201, made

    api.on("POST", PATH, create)
    api.on("GET", f"{PATH}/p", (200, going), (200, going), status(404, "gone"), lambda _: (200, made))
    api.on("DELETE", f"{PATH}/p", (200, {}))
    log(api, "")
    assert run(cluster).exit_code == 0


def test_an_apply_waits_for_a_pod_on_its_way_out_too(api: FakeApi, cluster: RealCluster) -> None:
    going = {"metadata": {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    api.on("GET", f"{PATH}/p", (200, going), status(404, "gone"))
    api.on("PATCH", f"{PATH}/p", lambda asked: (200, asked.body))
    cluster.apply(POD)
    assert [asked.method for asked in api.asked] == ["GET", "GET", "PATCH"]


def test_a_pod_that_is_deleted_under_us(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", RUNNING)
    api.handlers.insert(
        0,
        lambda asked: (
            (200, {"metadata": {"uid": "another"}, "spec": {}})
            if asked.method == "GET" and asked.path == f"{PATH}/p" and len(api.asked) > 3
            else None
        ),
    )
    with pytest.raises(Problem, match="deleted"):
        run(cluster)


def test_the_api_may_be_away_in_the_middle(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", RUNNING, DONE)
    log(api, "")
    away = [True, True]

    def handler(asked: Asked) -> Answer | None:
        return status(503, "away") if asked.path == f"{PATH}/p" and away and away.pop() else None

    api.handlers.insert(0, handler)
    assert run(cluster).exit_code == 0
    assert not away


def test_a_stop_ends_it_and_the_pod_goes(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", RUNNING)
    log(api, "")
    stop = Stop()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    with pytest.raises(Stopped):
        run(cluster, stop=stop)
    timer.join()
    assert len(api.of("DELETE", f"{PATH}/p")) == 1


def test_keep_keeps_it(api: FakeApi, cluster: RealCluster) -> None:
    api.pods("p", DONE)
    log(api, "")
    run(cluster, keep=True)
    assert not api.of("DELETE", f"{PATH}/p")


def test_a_kubelet_that_is_away_is_noticed(
    api: FakeApi, cluster: RealCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pod looks as it did last, for ever: the node does not."""
    monkeypatch.setattr(node_watch, "EVERY", 0.0)
    monkeypatch.setattr(node_watch, "PATIENCE", 0.05)
    ready = {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}
    nodes = {"items": [{"metadata": {"name": "n1"}, "status": {"conditions": [ready]}}]}
    api.on("GET", "/api/v1/nodes", (200, nodes))
    api.pods("p", RUNNING)
    log(api, "")
    with pytest.raises(Problem) as caught:
        run(cluster)
    assert (caught.value.code, caught.value.evidence) == ("node-away", {"node": "n1"})
    assert "Kubelet stopped posting" in caught.value.detail


def test_a_node_that_comes_back_is_forgiven(
    api: FakeApi, cluster: RealCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def condition(state: str) -> Answer:
        row = {"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": state}]}}
        return 200, {"items": [row]}

    api.on("GET", "/api/v1/nodes", condition("Unknown"), condition("True"), condition("Unknown"))
    monkeypatch.setattr(node_watch, "EVERY", 0.0)
    watch = node_watch.NodeWatch(cluster, "it")
    for _ in range(3):
        watch.look("n1")
    assert len(api.of("GET", "/api/v1/nodes")) == 3


def test_an_ephemeral_container_is_added_and_waited_for(api: FakeApi, cluster: RealCluster) -> None:
    def seen(**state: Any) -> Answer:
        rows = [{"name": "look", "state": state}]
        found = {"metadata": {"uid": "u", "namespace": "s"}, "spec": {"nodeName": "n1"}}
        return 200, {**found, "status": {"ephemeralContainerStatuses": rows}}

    api.on("PATCH", f"{PATH}/p/ephemeralcontainers", (200, {}))
    api.on("GET", f"{PATH}/p", seen(), seen(running={}), seen(terminated={"exitCode": 0}))
    log(api, "2026-01-01T10:00:00.000000000Z {}\n")
    container = {"name": "look", "image": "i"}
    result = cluster.debug("p", "s", container, timeout=60, stop=Stop())
    assert result == PodResult(0, "{}\n", "n1")
    (patch,) = api.of("PATCH", f"{PATH}/p/ephemeralcontainers")
    assert patch.headers["content-type"] == "application/strategic-merge-patch+json"
    assert patch.body == {"spec": {"ephemeralContainers": [container]}}


def test_an_ephemeral_container_that_cannot_start(api: FakeApi, cluster: RealCluster) -> None:
    row = {"name": "look", "state": {"waiting": {"reason": "ErrImagePull", "message": "401 Unauthorized"}}}
    found = {"metadata": {"uid": "u", "namespace": "s"}, "spec": {}}
    api.on("PATCH", f"{PATH}/p/ephemeralcontainers", (200, {}))
    api.on("GET", f"{PATH}/p", (200, {**found, "status": {"ephemeralContainerStatuses": [row]}}))
    api.on("GET", "/api/v1/namespaces/s/events", (200, {"items": []}))
    with pytest.raises(Problem, match="ErrImagePull") as caught:
        cluster.debug("p", "s", {"name": "look"}, timeout=60, stop=Stop())
    assert "401 Unauthorized" in caught.value.detail
