"""The enforcement experiment: both controls, settled outcomes, and nothing left behind (S1.9)."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.facts.fakes import FakeCluster, sources
from wizard.cluster.objects.names import Names, ours
from wizard.cluster.objects.namespace import namespace
from wizard.cluster.port import PodResult
from wizard.engine.problems import Problem, Stopped
from wizard.facts.base import Gatherer, Sources, gather
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
    command = caught.value.remedies[0].command
    assert command == "airgap-wizard preflight --answers-file F", "that carries it, and looks then"


def test_an_image_that_does_not_come_is_told_once() -> None:
    """Every experiment meets the same 401: the first says so in the runtime's words, the others point there."""

    def of(words: str) -> Gatherer:
        def gatherer(_: Sources) -> object:
            raise Problem("pod-did-not-start", "pod a cannot start", detail=words)

        return gatherer

    refused = "ErrImagePull: failed to pull: unexpected status from HEAD request to x: 401 Unauthorized"
    gatherers = {
        int: of(refused),
        str: of(refused),
        bytes: of("ErrImagePull: x509: unknown authority"),
        set: of("Unschedulable"),
    }
    facts = gather(gatherers, gatherers, sources(FakeCluster()))
    assert "401 Unauthorized" in facts.why_not((int,))
    assert facts.why_not((str,)) == "the probe's image was not pulled (refused-credentials), as told above"
    assert "x509" in facts.why_not((bytes,)) and "Unschedulable" in facts.why_not((set,))


def test_a_probe_that_cannot_look_is_no_verdict() -> None:
    cluster = FakeCluster()
    cluster.on_exec = lambda pod, command: PodResult(1, "exec format error")
    with pytest.raises(Problem) as caught:
        gather_cni(sources(cluster))
    assert caught.value.code == "probe-said-nothing"
