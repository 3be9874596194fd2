"""Reading and changing: pages, retries, and the API server's own words on refusals."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.fake_api import Answer, Asked, FakeApi, fake_api, status
from tests.real.process import wait_until
from wizard.cluster.real.adapter import RealCluster
from wizard.cluster.real.api import SETTLE
from wizard.engine.problems import Problem, Stopped

POD = "/api/v1/namespaces/s/pods"
FRESH = (
    'pods "p" is forbidden: User "ci" cannot get resource "pods" in API group "" in the namespace "s": RBAC: '
    '[clusterrole.rbac.authorization.k8s.io "system:discovery" not found, role.rbac.authorization.k8s.io "x" not found]'
)
"""What an API server says in the first moments after its start, before it has read its roles."""


def test_a_list_comes_in_pages(api: FakeApi, cluster: RealCluster) -> None:
    def page(asked: Asked) -> Answer:
        if asked.query.get("continue") == "next":
            return 200, {"metadata": {}, "items": [{"metadata": {"name": "b"}}]}
        return 200, {"metadata": {"continue": "next"}, "items": [{"metadata": {"name": "a"}}]}

    api.on("GET", POD, page)
    found = cluster.list("Pod", "s", {"app": "x", "tier": "y"})
    assert [(pod["kind"], pod["apiVersion"], pod["metadata"]["name"]) for pod in found] == [
        ("Pod", "v1", "a"),
        ("Pod", "v1", "b"),
    ]
    first, second = api.of("GET", POD)
    assert first.query == {"limit": "500", "labelSelector": "app=x,tier=y"}
    assert second.query == {"limit": "500", "labelSelector": "app=x,tier=y", "continue": "next"}


def test_pages_that_expired_are_begun_anew(api: FakeApi, cluster: RealCluster) -> None:
    def page(asked: Asked) -> Answer:
        if "continue" in asked.query:
            return status(410, "The provided continue parameter is too old", "Expired")
        if "limit" in asked.query:
            return 200, {"metadata": {"continue": "old"}, "items": [{"metadata": {"name": "a"}}]}
        return 200, {"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}

    api.on("GET", POD, page)
    assert [pod["metadata"]["name"] for pod in cluster.list("Pod", "s", {"l": "v"})] == ["a", "b"]
    assert api.of("GET", POD)[-1].query == {"labelSelector": "l=v"}


def test_a_list_without_namespace_is_everywhere(api: FakeApi, cluster: RealCluster) -> None:
    api.on("GET", "/apis/apps/v1/deployments", (200, {"items": None}))
    assert cluster.list("Deployment") == []


def test_kinds_are_learnt_from_the_server(api: FakeApi, cluster: RealCluster) -> None:
    """Also those of a CustomResourceDefinition; what nobody serves is said so, and asked for again later."""
    api.on("GET", "/apis/example.com/v1/namespaces/s/widgets/w", (200, {"kind": "Widget"}))
    assert cluster.get("Widget", "w", "s") == {"kind": "Widget"}
    with pytest.raises(Problem, match="serves no kind Gadget") as caught:
        cluster.get("Gadget", "g", "s")
    assert caught.value.code == "cluster-refused"


def test_requests_say_who_we_are(api: FakeApi, cluster: RealCluster) -> None:
    api.on("GET", POD, (200, {"items": []}))
    cluster.list("Pod", "s")
    headers = api.asked[0].headers
    assert (headers["authorization"], headers["user-agent"]) == ("Bearer t0ken", "airgap-wizard")


def test_an_apply_is_server_side_strict_and_ours(api: FakeApi, cluster: RealCluster) -> None:
    path = "/api/v1/namespaces/s/configmaps/c"
    api.on("PATCH", path, lambda asked: (200, asked.body))
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "s"}}
    assert cluster.apply(obj) == obj
    cluster.apply(obj, dry=True)
    real, dry = api.of("PATCH", path)
    assert real.headers["content-type"] == "application/apply-patch+yaml"
    assert real.query == {"fieldManager": "airgap-wizard", "force": "true", "fieldValidation": "Strict"}
    assert dry.query["dryRun"] == "All"


def test_a_delete_propagates_or_orphans(api: FakeApi, cluster: RealCluster) -> None:
    path = "/apis/apps/v1/namespaces/s/deployments/d"
    api.on("DELETE", path, (200, {}), (200, {}), status(404, "not found"))
    assert cluster.delete("Deployment", "d", "s")
    assert cluster.delete("Deployment", "d", "s", orphan=True)
    assert not cluster.delete("Deployment", "d", "s")
    policies = [asked.body["propagationPolicy"] for asked in api.of("DELETE", path)]
    assert policies == ["Background", "Orphan", "Background"]


@pytest.mark.parametrize(
    "answer",
    [
        (503, b"upstream connect error"),
        status(503, "apiserver not ready"),
        status(429, "too many requests"),
        status(504, "request did not complete within requested timeout"),
        status(500, "etcdserver: request timed out"),
        (500, b"<html>a proxy</html>"),
        status(403, FRESH, "Forbidden"),
    ],
)
def test_while_the_server_is_away_it_is_asked_again(
    api: FakeApi, cluster: RealCluster, answer: tuple[int, Any]
) -> None:
    api.on("GET", "/version", answer, answer, (200, {"gitVersion": "v1.34.4"}))
    assert cluster.version() == "v1.34.4"
    assert len(api.of("GET", "/version")) == 3


def test_a_lost_connection_is_asked_again(api: FakeApi, cluster: RealCluster) -> None:
    api.on("GET", "/version", (200, {"gitVersion": "v1.34.4"}))
    api.break_off = 2
    assert cluster.version() == "v1.34.4"


def test_a_refusal_just_after_an_absence_is_asked_again(api: FakeApi, cluster: RealCluster) -> None:
    """An API server that starts answers 401 and 403 for a moment to those who may; later a refusal is one."""
    no = status(403, 'pods is forbidden: User "ci" cannot list resource "pods"', "Forbidden")
    away, yes = status(503, "apiserver not ready"), (200, {"items": []})
    api.on("GET", POD, away, no, status(401, "Unauthorized"), yes, no)
    assert cluster.list("Pod", "s") == []
    cluster.api._away -= SETTLE
    with pytest.raises(Problem) as caught:
        cluster.list("Pod", "s")
    assert caught.value.code == "cluster-forbidden"
    assert len(api.of("GET", POD)) == 5


def test_an_absence_is_told_once_and_its_end_too(api: FakeApi, cluster: RealCluster) -> None:
    """Nobody should look at a silent screen for a minute."""
    said: list[tuple[str, str]] = []
    cluster.api.say = lambda text, level: said.append((level, text))
    away, yes = status(503, "apiserver not ready"), (200, {"items": []})
    api.on("GET", POD, away, away, yes, yes)
    cluster.list("Pod", "s")
    cluster.list("Pod", "s")
    assert said == [
        ("warning", "the API server does not answer; asking again for up to 0 s"),
        ("info", "the API server answers again"),
    ]


def test_an_answer_at_the_last_try_is_told_too(api: FakeApi, cluster: RealCluster) -> None:
    """It may be the last request for a long time."""
    said: list[str] = []
    cluster.api.say = lambda text, level: said.append(text)
    away = status(503, "apiserver not ready")
    api.on("GET", POD, away, away, away, (200, {"items": []}))
    cluster.list("Pod", "s")
    assert len(api.of("GET", POD)) == 4
    assert said[1:] == ["the API server answers again"]


def test_patience_ends(api: FakeApi, cluster: RealCluster) -> None:
    api.on("GET", "/version", status(503, "apiserver not ready"))
    with pytest.raises(Problem) as caught:
        cluster.version()
    assert caught.value.code == "cluster-unreachable"
    assert "apiserver not ready" in caught.value.detail
    assert len(api.of("GET", "/version")) == 4


def test_an_answer_is_not_waited_for_for_ever() -> None:
    """Nobody listens: said after the last try, with the address."""
    import kubernetes

    from tests.real.process import free_port

    port = free_port()
    client = kubernetes.client.ApiClient(kubernetes.client.Configuration(host=f"http://127.0.0.1:{port}"))
    cluster = RealCluster(client, (0.0,))
    with pytest.raises(Problem) as caught:
        cluster.version()
    cluster.close()
    assert caught.value.code == "cluster-unreachable"
    assert str(port) in caught.value.detail


def test_rbac_names_the_rule_that_is_missing(api: FakeApi, cluster: RealCluster) -> None:
    """One clear finding with the rule to add."""
    words = 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "s"'
    api.on("GET", POD, status(403, words, "Forbidden"))
    with pytest.raises(Problem) as caught:
        cluster.list("Pod", "s")
    problem = caught.value
    assert (problem.code, problem.title) == ("cluster-forbidden", "not allowed to list pods in s")
    assert problem.detail == words
    assert problem.evidence == {
        "status": 403,
        "verb": "list",
        "resource": "pods",
        "group": "",
        "namespace": "s",
    }
    assert "Role in s: {apiGroups: [''], resources: [pods], verbs: [list]}" in problem.remedies[0].text

    words = 'nodes is forbidden: User "ci" cannot list resource "nodes" in API group "" at the cluster scope'
    # a binding to a role that is no more is the site's own business, and no sign of a start
    words += ': RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found'
    api.on("GET", "/api/v1/nodes", status(403, words, "Forbidden"))
    with pytest.raises(Problem) as caught:
        cluster.list("Node")
    assert "to a ClusterRole:" in caught.value.remedies[0].text


def test_credentials_that_have_run_out(api: FakeApi, cluster: RealCluster) -> None:
    api.on("GET", POD, status(401, "Unauthorized"))
    with pytest.raises(Problem) as caught:
        cluster.list("Pod", "s")
    assert (caught.value.code, caught.value.evidence) == ("cluster-forbidden", {"status": 401})
    assert "renew" in caught.value.remedies[0].text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged'),
        (403, 'pods "x" is forbidden: exceeded quota: q, requested: pods=1'),
        (
            403,
            'configmaps "x" is forbidden: unable to create new content in namespace s because it is being terminated',
        ),
        (422, 'ConfigMap "x" is invalid: metadata.name'),
        (500, 'Internal error occurred: failed calling webhook "w": no endpoints available'),
    ],
)
def test_admission_is_refused_at_once_in_the_apis_words(
    api: FakeApi, cluster: RealCluster, code: int, words: str
) -> None:
    path = "/api/v1/namespaces/s/configmaps/x"
    api.on("PATCH", path, status(code, words))
    with pytest.raises(Problem) as caught:
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "s"}})
    assert (caught.value.code, caught.value.detail) == ("cluster-refused", words)
    assert caught.value.evidence == {"status": code}
    assert len(api.of("PATCH", path)) == 1


def test_may_is_the_servers_answer_or_none(api: FakeApi, cluster: RealCluster) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    api.on(
        "POST",
        path,
        (201, {"status": {"allowed": True}}),
        (201, {"status": {"allowed": False}}),
        status(403, "you cannot ask"),
    )
    assert cluster.may("get", "Pod/log", "s") is True
    assert cluster.may("list", "Node") is False
    assert cluster.may("list", "Node") is None
    asked = api.of("POST", path)[0].body["spec"]["resourceAttributes"]
    assert asked == {"verb": "get", "group": "", "resource": "pods", "subresource": "log", "namespace": "s"}


def test_the_end_of_a_log_is_kept(api: FakeApi, cluster: RealCluster) -> None:
    path = f"{POD}/p/log"
    api.on("GET", path, (200, b"old\n" * 300_000 + b"newest\n"))
    text = cluster.logs("p", "s", "main", previous=True, tail=7)
    assert len(text) == 1024 * 1024
    assert text.endswith("newest\n")
    assert api.of("GET", path)[0].query == {"container": "main", "previous": "true", "tailLines": "7"}


def asked_to_stop(cluster: RealCluster, ask: Callable[[], object], seen: Callable[[], object]) -> float:
    """Ask in a thread, ask for a stop once the server has `seen` it, and the seconds until Stopped was raised."""
    ended: list[BaseException] = []

    def work() -> None:
        try:
            ask()
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: bool(seen()), "the request")
    began = time.monotonic()
    cluster.api.stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert [type(error) for error in ended] == [Stopped]
    return time.monotonic() - began


def test_a_stop_ends_the_waiting_for_a_server_that_is_away() -> None:
    """It is not noticed a minute later, when patience ends."""
    with fake_api((60.0,)) as (api, cluster):
        api.on("GET", "/version", status(503, "apiserver not ready"))
        assert asked_to_stop(cluster, cluster.version, lambda: api.of("GET", "/version")) < 3


def test_a_stop_ends_the_waiting_for_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stands, and nothing is said: as with an API server that is frozen, or behind a cut line."""
    monkeypatch.setattr("wizard.cluster.real.api.GRACE", 0.3)
    released = threading.Event()

    def never(asked: Asked) -> Answer:
        released.wait(30)
        return 200, {"gitVersion": "v1.34.4"}

    with fake_api(()) as (api, cluster):
        api.on("GET", "/version", never)
        assert asked_to_stop(cluster, cluster.version, lambda: api.of("GET", "/version")) < 5
        released.set()


def test_after_a_stop_what_was_made_is_still_removed(api: FakeApi, cluster: RealCluster) -> None:
    """A server that is there answers as ever."""
    path = "/apis/apps/v1/namespaces/s/deployments/d"
    api.on("DELETE", path, (200, {}))
    cluster.api.stop.set()
    assert cluster.delete("Deployment", "d", "s")
