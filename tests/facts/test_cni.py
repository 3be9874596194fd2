"""The enforcement experiment: both controls, settled outcomes, and nothing left behind (S1.9)."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.facts.fakes import FakeCluster, sources
from wizard.cluster.objects.names import Names, ours
from wizard.cluster.objects.namespace import namespace
from wizard.cluster.port import PodResult
from wizard.engine.problems import Problem, Stopped
from wizard.facts.cni import Enforcement, gather_cni


def dials(outcomes: dict[str, Iterator[str] | str]) -> Callable[[str, list[str]], PodResult]:
    def on_exec(pod: str, command: list[str]) -> PodResult:
        said = outcomes[pod]
        outcome = said if isinstance(said, str) else next(said)
        return PodResult(0, json.dumps({"target": command[2], "outcome": outcome}))

    return on_exec


def ticking(*first: str, then: str) -> Iterator[str]:
    yield from first
    while True:
        yield then


@pytest.mark.parametrize(
    ("open_", "denied", "verdict"),
    [
        ("reached", "timeout", Enforcement.ENFORCED),
        ("reached", "refused", Enforcement.ENFORCED),
        ("reached", "reached", Enforcement.NOT_ENFORCED),
        ("timeout", "timeout", Enforcement.UNKNOWN),
        ("refused", "reached", Enforcement.UNKNOWN),
    ],
)
def test_both_controls_are_required(open_: str, denied: str, verdict: Enforcement) -> None:
    """S1.9: a denied client that does not get through proves nothing unless an undenied one does."""
    cluster = FakeCluster()
    cluster.on_exec = dials({"open": open_, "denied": denied})
    assert gather_cni(sources(cluster)).enforcement is verdict


def test_the_first_moments_of_a_pod_do_not_count() -> None:
    """A new pod under an existing policy is open, or refused, for its first half second."""
    cluster = FakeCluster()
    cluster.on_exec = dials(
        {
            "open": ticking("refused", then="reached"),
            "denied": ticking("reached", "reached", then="timeout"),
        }
    )
    assert gather_cni(sources(cluster)).enforcement is Enforcement.ENFORCED


def test_a_client_that_never_settles_is_unknown() -> None:
    cluster = FakeCluster()
    flapping = (word for _ in range(1000) for word in ("reached", "timeout"))
    cluster.on_exec = dials({"open": "reached", "denied": flapping})
    fact = gather_cni(sources(cluster))
    assert (fact.enforcement, fact.denied) == (Enforcement.UNKNOWN, "unsettled")


def test_names_come_from_daemonsets() -> None:
    cluster = FakeCluster(
        {"kind": "DaemonSet", "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel"}},
        {"kind": "DaemonSet", "metadata": {"name": "something", "namespace": "x"}},
    )
    cluster.on_exec = dials({"open": "reached", "denied": "reached"})
    assert gather_cni(sources(cluster)).names == ("flannel",)


def _fail(error: Exception) -> Callable[[str, list[str]], PodResult]:
    def on_exec(pod: str, command: list[str]) -> PodResult:
        raise error

    return on_exec


@pytest.mark.parametrize("error", [None, Problem("cluster-timeout", "gone"), Stopped(), KeyError("bug")])
def test_the_scratch_namespace_goes_on_every_way_out(error: Exception | None) -> None:
    cluster = FakeCluster()
    cluster.on_exec = dials({"open": "reached", "denied": "timeout"}) if error is None else _fail(error)
    if error is None:
        gather_cni(sources(cluster))
    else:
        with pytest.raises(type(error)):
            gather_cni(sources(cluster))
    assert cluster.objects == {}
    assert len(cluster.deleted) == 1


def test_what_a_killed_run_left_is_found_by_its_label_and_removed_first() -> None:
    names = Names("opencost-ai", "opencost-ai")
    mine = namespace("airgap-wizard-scratch-0ld000", ours("scratch", names))
    other = namespace("airgap-wizard-scratch-0ther0", ours("scratch", Names("elsewhere", "opencost-ai")))
    cluster = FakeCluster(mine, other)
    cluster.on_exec = dials({"open": "reached", "denied": "timeout"})
    gather_cni(sources(cluster))
    assert [name for _, _, name in cluster.objects] == ["airgap-wizard-scratch-0ther0"]
    assert cluster.deleted[0] == ("Namespace", "", "airgap-wizard-scratch-0ld000")


def test_experiments_hold_podsecurity_restricted_and_use_the_pull_secret() -> None:
    """S1.33, S1.11: the pods are admitted where the install will be, and pull as it will."""
    cluster = FakeCluster()
    cluster.on_exec = dials({"open": "reached", "denied": "timeout"})
    gather_cni(sources(cluster))
    pods = [obj for obj in cluster.applied if obj["kind"] == "Pod"]
    assert {pod["metadata"]["name"] for pod in pods} == {"listener", "open", "denied"}
    for pod in pods:
        container = pod["spec"]["containers"][0]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert pod["spec"]["securityContext"]["runAsUser"] == 65532
        assert pod["spec"]["imagePullSecrets"] == [{"name": "pull"}]
        assert "@sha256:" in container["image"]
    space = next(obj for obj in cluster.applied if obj["kind"] == "Namespace")
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_without_the_probe_image_it_is_a_problem_that_says_what_to_run() -> None:
    with pytest.raises(Problem) as caught:
        gather_cni(sources(FakeCluster(), recorded={}))
    assert caught.value.code == "probe-image-missing"
    assert "mirror-images" in caught.value.remedies[0].command


def test_a_probe_that_cannot_look_is_no_verdict() -> None:
    cluster = FakeCluster()
    cluster.on_exec = lambda pod, command: PodResult(1, "exec format error")
    with pytest.raises(Problem) as caught:
        gather_cni(sources(cluster))
    assert caught.value.code == "probe-said-nothing"
