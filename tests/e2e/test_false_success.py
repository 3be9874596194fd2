"""What looked like success on a real cluster and was none: each must come out as a failed or unknown verdict (facts 8)."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Installed
from tests.real.process import wait_until
from wizard.engine.events import Grade

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


def _restart(installed: Installed, component: str) -> None:
    """A new pod of a component, Ready."""
    kubectl, space = installed.site.cluster.kubectl, installed.namespace
    name = f"deployment/opencost-ai-{component}"
    kubectl("-n", space, "rollout", "restart", name)
    kubectl("-n", space, "rollout", "status", name, "--timeout=120s")
    wait_until(lambda: len(installed.site.pods(space, component)) == 1, f"the old {component} gone", 60)


def _opencost(installed: Installed, replicas: int) -> None:
    kubectl = installed.site.cluster.kubectl
    kubectl("-n", "opencost", "scale", "deployment/opencost", f"--replicas={replicas}")
    if replicas:
        kubectl("-n", "opencost", "rollout", "status", "deployment/opencost", "--timeout=60s")
    else:
        kubectl("-n", "opencost", "wait", "--for=delete", "pod", "--all", "--timeout=60s")


def _all_ready(installed: Installed) -> bool:
    """As `helm --wait` and a glance at the pods would have it."""
    pods = [p for c in ("gateway", "bridge", "ollama") for p in installed.site.pods(installed.namespace, c)]
    states = [s["ready"] for pod in pods for s in pod["status"]["containerStatuses"]]
    return len(states) == 3 and all(states)


@pytest.fixture
def proved(installed: Installed) -> Iterator[Installed]:
    """The install as it was; mended after the test, so that the next one finds it well."""
    assert installed.first.code == 0, installed.first.story
    yield installed
    _opencost(installed, 1)
    _restart(installed, "bridge")
    assert installed.looking.ask("tools-proven")["tools-proven"].grade is Grade.PASS


def test_opencosts_pod_is_replaced_and_every_tool_call_fails(proved: Installed) -> None:
    """The bridge keeps its session for ever: Ready, 200, two tools counted, and no figure from OpenCost."""
    cluster = proved.site.cluster
    cluster.kubectl("-n", "opencost", "delete", "pod", "--all", "--wait=true")
    cluster.kubectl("-n", "opencost", "rollout", "status", "deployment/opencost", "--timeout=60s")
    assert _all_ready(proved)
    found = proved.looking.ask("gateway-healthy", "question-answered", "opencost-mcp", "tools-proven")
    assert found["gateway-healthy"].grade is Grade.PASS
    assert found["question-answered"].grade is Grade.PASS, "the gateway answers 200"
    assert found["opencost-mcp"].grade is Grade.PASS, "OpenCost itself is well"
    tools = found["tools-proven"]
    assert tools.grade is Grade.FAIL
    assert (
        tools.title == "the model called a tool and every call failed; the question was answered all the same"
    )
    assert "Session terminated" in tools.detail
    assert "rollout restart" in tools.remedies[0].command
    assert tools.evidence["bridgeTools"] == 2, "what it counted at its start"


def test_a_bridge_that_started_while_opencost_was_away(proved: Installed) -> None:
    """0 tools for ever, Ready, and an answer with 200."""
    _opencost(proved, 0)
    _restart(proved, "bridge")
    _opencost(proved, 1)
    assert _all_ready(proved)
    found = proved.looking.ask("question-answered", "tools-proven")
    assert found["question-answered"].grade is Grade.PASS
    tools = found["tools-proven"]
    assert tools.grade is Grade.FAIL
    assert tools.title == "the bridge has no tools: it answers without ever asking OpenCost"
    assert tools.evidence["bridgeTools"] == 0
    assert "rollout restart" in tools.remedies[0].command


def test_the_token_is_missing(installed: Installed) -> None:
    """`helm --wait` succeeds without it; every question is answered 503."""
    site, space = installed.site, installed.namespace
    site.cluster.kubectl("-n", space, "delete", "secret", "opencost-ai-auth")
    _restart(installed, "gateway")
    assert _all_ready(installed)
    found = installed.looking.ask("gateway-healthy", "question-answered", "tools-proven")
    mended = site.run(installed.answers, "--only", "prepare-namespace")
    _restart(installed, "gateway")
    after = installed.looking.ask("question-answered")["question-answered"]
    assert found["gateway-healthy"].grade is Grade.PASS, "health asks for no token"
    assert found["question-answered"].grade is Grade.FAIL
    assert found["question-answered"].title == "there is no token to ask with"
    assert "--only prepare-namespace" in found["question-answered"].remedies[0].command
    assert found["tools-proven"].grade is not Grade.PASS
    assert (mended.code, mended.outcomes) == (0, {"prepare-namespace": "done"}), mended.story
    assert after.grade is Grade.PASS


def test_the_pull_secret_is_missing(installed: Installed) -> None:
    """S4.16: the nodes have the images, so that every pod is Ready again without it; the next node would be refused."""
    site, space = installed.site, installed.namespace
    site.cluster.kubectl("-n", space, "delete", "secret", "internal-registry")
    try:
        _restart(installed, "gateway")
        assert _all_ready(installed)
        secret = installed.looking.ask("pull-secret-present")["pull-secret-present"]
    finally:
        mended = site.run(installed.answers, "--only", "prepare-namespace")
    assert secret.grade is Grade.FAIL
    assert secret.title == f"secret {space}/internal-registry is missing"
    assert "--only prepare-namespace" in secret.remedies[0].command
    assert mended.code == 0, mended.story
    assert installed.looking.ask("pull-secret-present")["pull-secret-present"].grade is Grade.PASS


def test_nobody_enforces_and_the_perimeter_blocks(installed: Installed) -> None:
    """S1.39: S1's own check prints "egress blocked (expected)" here; an address that cannot be reached proves nothing.

    `verify` ends with 3, though every question is answered with what only OpenCost knows.
    """
    cluster = installed.site.cluster
    with cluster.unenforced(), cluster.perimeter_closed():
        ran = installed.site.run(installed.answers, command="verify")
    found = ran.findings
    assert (ran.code, ran.problem.code) == (3, "verification-failed"), ran.story
    assert found["tools-proven"].grade is Grade.PASS
    assert "enforcement not proven here" in ran.problem.detail
    egress = found["egress-refused"]
    assert egress.grade is Grade.FAIL
    assert egress.title.startswith("outside is blocked by the perimeter alone, enforcement not proven here")
    assert {row["1.1.1.1:443"] for row in egress.evidence["matrix"].values()} == {"blocked"}
    assert found["cni-enforces-policy"].grade is Grade.FAIL


def test_the_perimeter_blocks_and_policies_hold(installed: Installed) -> None:
    """S1.41: as in a real air gap: the proof comes from the listener inside, which only a policy can be in the way of."""
    with installed.site.cluster.perimeter_closed():
        egress = installed.looking.ask("egress-refused")["egress-refused"]
    assert egress.grade is Grade.PASS, egress
    assert egress.evidence["withoutPolicy"]["1.1.1.1:443"] == "blocked"
    assert "the policy is what refused" in egress.title
