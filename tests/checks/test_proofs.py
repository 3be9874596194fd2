"""Verdicts on the finished install; above all, that the false successes of facts 8 come out failed or unknown."""

from dataclasses import replace

import pytest

from tests.checks.tables import ANSWERS, judged, wanted
from wizard.answers.sections.proof import Proof
from wizard.checks.egress_refused import EgressRefused
from wizard.checks.gateway_healthy import GatewayHealthy
from wizard.checks.images_as_recorded import ImagesAsRecorded
from wizard.checks.images_internal import ImagesInternal
from wizard.checks.model_on_volume import ModelOnVolume
from wizard.checks.namespace_denied import NamespaceDeniedByDefault
from wizard.checks.nodes_pull_outside import NodesPullOutside
from wizard.checks.question_answered import QuestionAnswered
from wizard.checks.tools_proven import ToolsProven
from wizard.engine.events import Grade
from wizard.facts.answer import Answer, Gateway
from wizard.facts.cni import Cni, Enforcement
from wizard.facts.egress import LISTENER, LISTENER_BY_IPV6, Egress, Seen
from wizard.facts.on_volume import Lying, OnVolume
from wizard.facts.pulls import OutsidePulls, Pull
from wizard.facts.running import Recorded, Running, RunningImages
from wizard.facts.stray import Stray
from wizard.facts.tools import Tools

PASS, WARN, FAIL, UNKNOWN = Grade.PASS, Grade.WARN, Grade.FAIL, Grade.UNKNOWN
HOST = "registry.internal.example"


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (Gateway("u", "answered", 200, '{"status":"ok"}'), PASS),
        (Gateway("u", "answered", 200, '{"status":"degraded"}'), FAIL),
        (Gateway("u", "answered", 200, "<html>"), FAIL),
        (Gateway("u", "answered", 503, ""), FAIL),
        (Gateway("u", "timeout"), FAIL),
        (Gateway("u", "answered", 200, '{"status":"ok"}', (("bridge", "CrashLoopBackOff"),)), FAIL),
    ],
)
def test_gateway(fact: Gateway, grade: Grade) -> None:
    """S1.36"""
    assert judged(GatewayHealthy(), wanted(), fact).grade is grade


def answer(
    text: str = "It was 41.72.", status: int = 200, outcome: str = "answered", **more: object
) -> Answer:
    return Answer("u", "what?", outcome, status, text, "granite4.1:8b", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fact", "grade", "word"),
    [
        (answer(), PASS, "answered"),
        (answer(""), FAIL, "empty"),
        (answer(detail="the stream ended without a done event"), FAIL, "cut off"),
        (answer("", 503, detail="authentication is not configured on this gateway"), FAIL, "no token"),
        (answer("", 401), FAIL, "refuses the token"),
        (answer("", 502, detail="granite does not support tools"), FAIL, "template"),
        (answer("", 503, detail="bridge"), FAIL, "bridge or Ollama"),
        (answer("", 0, "timeout"), FAIL, "not reached"),
        (answer("", 0, "token-missing"), FAIL, "no token"),
        (answer("", 400), FAIL, "400"),
    ],
)
def test_question(fact: Answer, grade: Grade, word: str) -> None:
    """S1.36; facts 8: each way in which asking fails is told apart."""
    finding = judged(QuestionAnswered(), wanted(), fact)
    assert finding.grade is grade and word in finding.title


def test_the_answer_is_shown_and_is_no_evidence() -> None:
    finding = judged(QuestionAnswered(), wanted(), answer())
    assert "41.72" in finding.detail and "41.72" not in str(finding.evidence)


CALLED = {"tool_calls": ("opencost.get_allocation_costs",)}


@pytest.mark.parametrize(
    ("fact", "tools", "expect", "grade"),
    [
        # proved
        (answer(**CALLED, tool_results=('{"kube-system": 41.72}',)), Tools(4, 4, False), "", PASS),
        (answer("kube-system cost 41.72"), Tools(-1, -1, False), "41.72", PASS),
        # a bridge that started while OpenCost was away: 0 tools, 200 all the same
        (answer(), Tools(0, 0, False), "", FAIL),
        (answer(), Tools(-1, 0, False), "", FAIL),
        (answer(), Tools(0, -1, False), "", FAIL),
        # OpenCost's pod was replaced: every call fails, 200 all the same
        (answer(**CALLED, tool_results=("Session terminated",)), Tools(4, 4, True), "", FAIL),
        (answer(**CALLED, tool_results=("Error: connection refused",)), Tools(4, 4, False), "", FAIL),
        (answer(), Tools(4, 4, True), "", FAIL),
        # nothing shown: not a pass
        (answer(), Tools(4, 4, False), "", UNKNOWN),
        (answer(**CALLED), Tools(4, 4, False), "", UNKNOWN),
        (answer(**CALLED, tool_results=("done",)), Tools(4, 4, False), "", UNKNOWN),
        # the strongest proof was asked for and is missing
        (answer("no idea", **CALLED, tool_results=("x 1",)), Tools(4, 4, False), "41.72", FAIL),
    ],
)
def test_tools(fact: Answer, tools: Tools, expect: str, grade: Grade) -> None:
    """S1.37; facts 8, false success."""
    asked = wanted(replace(ANSWERS, proof=Proof(expect=expect)))
    assert judged(ToolsProven(), asked, fact, tools).grade is grade


MODEL = "granite4.1:8b"


@pytest.mark.parametrize(
    ("models", "listed", "grade"),
    [
        ((Lying(MODEL, "whole", ("a",), True),), (MODEL,), PASS),
        ((Lying(MODEL, "whole", ("a",), None),), (MODEL,), PASS),
        ((Lying(MODEL, "whole", ("a",), True),), None, WARN),
        ((Lying(MODEL, "whole", ("a",), True),), (), FAIL),
        ((Lying(MODEL, "whole", ("a",), False),), (MODEL,), FAIL),
        ((Lying(MODEL, "damaged", ("a",), True),), (MODEL,), FAIL),
        ((Lying("other:1b", "whole", ("a",), True),), (MODEL,), FAIL),
        ((), (), FAIL),
    ],
)
def test_model(models: tuple[Lying, ...], listed: tuple[str, ...] | None, grade: Grade) -> None:
    """S1.37"""
    assert judged(ModelOnVolume(), wanted(), OnVolume("v", models, listed)).grade is grade


def container(component: str, image_id: str = "", image: str = "", kind: str = "container") -> Running:
    return Running(
        f"{component}-0", component, kind, component, image or f"{HOST}/x/{component}@sha256:1", image_id
    )


@pytest.mark.parametrize("kind", ["container", "init", "ephemeral"])
def test_images_internal(kind: str) -> None:
    """S1.2: init and ephemeral containers included; a host that only begins alike is another host."""
    good = container("gateway")
    assert judged(ImagesInternal(), RunningImages(HOST, (good,))).grade is PASS
    for image in ("ghcr.io/x/y:1", "nginx", f"{HOST}.evil.example/x:1"):
        bad = container("bridge", image=image, kind=kind)
        assert judged(ImagesInternal(), RunningImages(HOST, (good, bad))).grade is FAIL
    assert judged(ImagesInternal(), RunningImages(HOST, ())).grade is UNKNOWN


DIGESTS = {
    name: "sha256:" + letter * 64 for name, letter in (("gateway", "1"), ("bridge", "2"), ("ollama", "3"))
}


def running(**ids: str) -> RunningImages:
    given = {name: f"{HOST}/x/{name}@{digest}" for name, digest in DIGESTS.items()} | ids
    return RunningImages(HOST, tuple(container(name, id_) for name, id_ in given.items() if id_ != "none"))


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (running(), PASS),
        (running(bridge=f"docker-pullable://{HOST}/x/bridge@{DIGESTS['bridge']}"), PASS),
        (running(ollama=f"{HOST}/x/ollama@sha256:" + "9" * 64), PASS),
        (running(bridge=f"{HOST}/x/bridge@sha256:" + "4" * 64), FAIL),
        (running(bridge="sha256:" + "2" * 64), UNKNOWN),
        (running(bridge=""), UNKNOWN),
        (running(bridge="none"), UNKNOWN),
    ],
)
def test_images_as_recorded(fact: RunningImages, grade: Grade) -> None:
    """S1.20, S1.37: the runtime's ID counts; a platform's manifest beneath the recorded index counts too."""
    recorded = Recorded(tuple(sorted(DIGESTS.items())), (("ollama", ("sha256:" + "9" * 64,)),))
    assert judged(ImagesAsRecorded(), fact, recorded).grade is grade
    assert judged(ImagesAsRecorded(), running(), Recorded(())).grade is UNKNOWN


OUTSIDE = ("1.1.1.1:443", "[2606::1]:443", "169.254.169.254:80")


def seen(inside: str = "timeout", outside: str = "timeout", allowed: str = "reached", why: str = "") -> Seen:
    if why:
        return Seen(why_not=why)
    return Seen({LISTENER: inside} | dict.fromkeys(OUTSIDE, outside), ("10.96.0.10:53", allowed))


def matrix(gateway: Seen, *, inside: str = "reached", outside: str = "timeout") -> Egress:
    rows = {"gateway": gateway, "bridge": seen(), "ollama": seen()}
    return Egress(rows, {LISTENER: inside} | dict.fromkeys(OUTSIDE, outside), ("gateway", "bridge", "ollama"))


ON = Cni((), Enforcement.ENFORCED, "reached", "timeout")
OFF = Cni((), Enforcement.NOT_ENFORCED, "reached", "reached")


@pytest.mark.parametrize(
    ("fact", "cni", "grade", "word"),
    [
        # closed perimeter, policy proved by our listener
        (matrix(seen()), ON, PASS, "policy is what refused"),
        (matrix(seen("refused", "refused")), OFF, PASS, "policy is what refused"),
        # open perimeter, policy proved by the outside
        (matrix(seen(), inside="timeout", outside="reached"), ON, PASS, "policy is what refused"),
        # a leak is a leak, whatever else
        (matrix(seen(outside="reached"), outside="reached"), ON, FAIL, "gateway reached 1.1.1.1:443"),
        (matrix(seen(outside="reached")), ON, FAIL, "reached"),
        # S1's own check would print "blocked (expected)" here
        (matrix(seen(inside="reached")), OFF, FAIL, "enforcement not proven here"),
        # nobody reaches anything: the perimeter, or a broken listener
        (matrix(seen(), inside="timeout"), ON, PASS, "enforcement not proven here"),
        (matrix(seen(), inside="timeout"), OFF, UNKNOWN, "enforcement not proven here"),
        # controls that do not work
        (matrix(seen(allowed="timeout")), ON, UNKNOWN, "not shown from inside gateway"),
        (matrix(seen(why="no gateway pod runs")), ON, UNKNOWN, "not shown from inside gateway"),
        (Egress({}, {}), ON, UNKNOWN, "any component"),
    ],
)
def test_egress(fact: Egress, cni: Cni, grade: Grade, word: str) -> None:
    """S1.38, S1.39; resolved contradiction 8."""
    finding = judged(EgressRefused(), wanted(), fact, cni)
    assert finding.grade is grade, finding
    assert word in finding.title


def test_policies_that_bind_ipv4_alone_fail_the_proof() -> None:
    """S1.38: the same pod is refused by its IPv4 address and reached by its IPv6 one."""
    fact = matrix(seen())
    for row, outcome in ((fact.components["bridge"].outcomes, "reached"), (fact.control, "reached")):
        row[LISTENER_BY_IPV6] = outcome  # type: ignore[index]
    finding = judged(EgressRefused(), wanted(), fact, ON)
    assert finding.grade is FAIL
    assert "bridge (by IPv6 alone) reached a pod that the policy does not name" in finding.title


def test_a_leak_beside_a_broken_control_is_still_a_leak() -> None:
    fact = matrix(seen(outside="reached", allowed="timeout"))
    assert judged(EgressRefused(), wanted(), fact).grade is FAIL


def test_blocked_looks_the_same_in_evidence_however_it_is_blocked() -> None:
    one = judged(EgressRefused(), wanted(), matrix(seen("refused", "unreachable")), ON)
    other = judged(EgressRefused(), wanted(), matrix(seen("timeout", "timeout")), ON)
    assert one.evidence == other.evidence


@pytest.mark.parametrize(
    ("outcomes", "grade"),
    [
        (("timeout", "name-unknown"), PASS),
        (("timeout", "pulled"), WARN),
        (("timeout", "admission"), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_nodes_pull_outside(outcomes: tuple[str, ...], grade: Grade) -> None:
    """S2.24: what a node's runtime can reach, no policy binds."""
    pulls = tuple(Pull(f"n{i}", outcome) for i, outcome in enumerate(outcomes))
    assert judged(NodesPullOutside(), OutsidePulls("ghcr.io/x/y:1", pulls)).grade is grade


@pytest.mark.parametrize(
    ("fact", "grade"),
    [
        (Stray(True, True, "reached", "timeout"), PASS),
        (Stray(True, True, "reached", "refused"), PASS),
        (Stray(True, True, "reached", "reached"), FAIL),
        (Stray(True, False, "reached", "reached"), FAIL),
        (Stray(True, False, "reached", "timeout"), FAIL),
        (Stray(True, True, "timeout", "timeout"), UNKNOWN),
        (Stray(True, True, "reached", "unsettled"), UNKNOWN),
        (Stray(False, False, "reached", "reached"), WARN),
    ],
)
def test_namespace(fact: Stray, grade: Grade) -> None:
    """facts 8: any other pod of the namespace got out."""
    assert judged(NamespaceDeniedByDefault(), wanted(), fact).grade is grade
