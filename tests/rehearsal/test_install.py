"""An install in the simulated cluster: what is there afterwards, and the false successes of a real one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsal import site
from tests.rehearsal.opened import Opened
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

Opener = Callable[..., Opened]


def test_an_install_answers_with_what_only_opencost_knows(opened: Opener, tmp_path: Path) -> None:
    """S1.36, S1.37: gateway, bridge, Ollama with the model on its volume, OpenCost's MCP."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    release = site.install(world, tmp_path)
    assert (release.status, release.revision, release.chart) == ("deployed", 1, "opencost-ai-0.1.0")
    found = site.ask(world)
    assert found["status"] == 200
    assert "128.40" in found["answer"]
    assert found["tool_calls"][0]["name"] == "opencost.get_allocation_costs"
    assert found["usage"]["prompt_tokens"] == 319
    assert found["events"]["done"] == 1
    assert found["model"] == "granite4.1:8b"
    health = site.probe(world, "get", "http://opencost-ai-gateway:8080/v1/health", mount=False)[0]
    assert (health["status"], '"ok"' in health["body"]) == (200, True)


def test_images_run_by_the_digest_that_was_recorded(opened: Opener, tmp_path: Path) -> None:
    """S1.20: `imageID` is what the registry holds."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    images = world.mirror()
    site.install(world, tmp_path)
    for component in ("gateway", "bridge", "ollama"):
        (pod,) = site.pods(world, component)
        assert pod["status"]["containerStatuses"][0]["imageID"] == images[component]
        assert pod["status"]["phase"] == "Running"


def test_the_charts_defect_crash_loops_the_bridge(opened: Opener, tmp_path: Path) -> None:
    """facts 1a: without its command the bridge wants a writable cache; Helm only says that time is up."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    with pytest.raises(Problem) as caught:
        site.install(world, tmp_path, fixed=False, timeout=0.5)
    assert caught.value.code == "helm-timeout"
    assert "context deadline exceeded" in caught.value.detail
    (pod,) = site.pods(world, "bridge")
    status = pod["status"]["containerStatuses"][0]
    assert status["restartCount"] >= 1
    assert "Read-only file system" in world.cluster.logs(pod["metadata"]["name"], site.SPACE)
    assert world.world.helm(world.answers).history("opencost-ai", site.SPACE)[-1].status == "failed"


def test_a_failed_install_is_taken_over_by_the_next(opened: Opener, tmp_path: Path) -> None:
    """facts 8: `upgrade --install` recovers, and the failed revision stays in the history."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    with pytest.raises(Problem):
        site.install(world, tmp_path, fixed=False, timeout=0.3)
    assert site.install(world, tmp_path).revision == 2
    history = world.world.helm(world.answers).history("opencost-ai", site.SPACE)
    assert [r.status for r in history] == ["failed", "deployed"]


def test_without_a_token_everything_is_ready_and_nobody_is_answered(opened: Opener, tmp_path: Path) -> None:
    """facts 8: `--wait` succeeds, every ask is a 503."""
    world = opened()
    site.namespace(world, token=None)
    site.volume(world)
    assert site.install(world, tmp_path).status == "deployed"
    url = f"http://opencost-ai-gateway.{site.SPACE}.svc:8080/v1/ask"
    told = site.probe(world, "ask", url, "--token-file", "/token/token", "--query", "x")[0]
    assert told["code"] == "token-missing"
    answer = site.probe(world, "get", f"http://opencost-ai-gateway.{site.SPACE}.svc:8080/v1/models")[0]
    assert answer["status"] == 503
    assert "authentication is not configured on this gateway" in answer["body"]


def test_a_bridge_that_started_without_opencost_answers_without_tools(opened: Opener, tmp_path: Path) -> None:
    """facts 8: Ready, 200, and no tool was asked."""
    world = opened("mcp-off")
    site.namespace(world)
    site.volume(world)
    site.install(world, tmp_path)
    found = site.ask(world)
    assert (found["status"], found["tool_calls"], found["usage"]["prompt_tokens"]) == (200, [], 69)
    (pod,) = site.pods(world, "bridge")
    assert "Total tools available: 0" in world.cluster.logs(pod["metadata"]["name"], site.SPACE)


def test_a_replaced_opencost_ends_the_bridges_session(opened: Opener, tmp_path: Path) -> None:
    """facts 8: tool calls fail, the answer is a 200, until the bridge restarts."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    site.install(world, tmp_path)
    (old,) = world.cluster.list("Pod", "opencost")
    world.cluster.delete("Pod", old["metadata"]["name"], "opencost")
    found = site.ask(world)
    assert found["status"] == 200
    assert found["tool_results"] == ["Session terminated"]
    assert "128.40" not in found["answer"]
    (bridge,) = site.pods(world, "bridge")
    world.cluster.delete("Pod", bridge["metadata"]["name"], site.SPACE)
    assert "128.40" in site.ask(world)["answer"]


def test_components_are_closed_and_other_pods_are_not(opened: Opener, tmp_path: Path) -> None:
    """facts 1: the chart has no default deny; its own components reach nothing outside (S1.38)."""
    world = opened("perimeter-open")
    site.namespace(world)
    site.volume(world)
    site.install(world, tmp_path)
    image = world.mirror("probe")["probe"]
    for component in ("gateway", "bridge", "ollama"):
        (pod,) = site.pods(world, component)
        result = world.cluster.debug(
            pod["metadata"]["name"],
            site.SPACE,
            {
                "name": "look",
                "image": image,
                "args": ["dial", "1.1.1.1:443"],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            },
            timeout=5,
            stop=Stop(),
        )
        assert '"outcome": "timeout"' in result.output
    assert site.probe(world, "dial", "1.1.1.1:443")[0]["outcome"] == "reached"


def test_a_model_that_is_not_on_the_volume_is_a_502(opened: Opener, tmp_path: Path) -> None:
    """Ollama is Ready without it."""
    world = opened()
    site.namespace(world)
    site.install(world, tmp_path)
    found = site.ask(world)
    assert found["status"] == 502
    assert "not found, try pulling it first" in found["body"]


def test_an_upgrade_replaces_pods_and_keeps_the_volume(opened: Opener, tmp_path: Path) -> None:
    """A changed template rolls the pods; the claim and what is on it stay."""
    world = opened()
    site.namespace(world)
    folder = site.volume(world)
    site.install(world, tmp_path)
    (before,) = site.pods(world, "ollama")
    site.install(world, tmp_path, ollama={"podLabels": {"x": "y"}})
    (after,) = site.pods(world, "ollama")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert (folder / ".ollama").is_dir()
    assert "128.40" in site.ask(world)["answer"]


def test_a_claim_template_cannot_change(opened: Opener, tmp_path: Path) -> None:
    """facts 8: a new size is refused on the StatefulSet and the release is left failed."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    site.install(world, tmp_path)
    with pytest.raises(Problem) as caught:
        site.install(
            world, tmp_path, ollama={"persistence": {"size": "40Gi", "storageClassName": "internal-file"}}
        )
    assert caught.value.code == "helm-immutable-field"
    helm = world.world.helm(world.answers)
    assert [r.status for r in helm.history("opencost-ai", site.SPACE)] == ["deployed", "failed"]
    rolled = helm.rollback("opencost-ai", site.SPACE, 1, timeout=5, stop=Stop())
    assert (rolled.revision, rolled.status) == (3, "deployed")
    assert helm.uninstall("opencost-ai", site.SPACE, timeout=5, stop=Stop())
    assert not site.pods(world, "gateway")
    assert world.cluster.get("PersistentVolumeClaim", "models-opencost-ai-ollama-0", site.SPACE)
    assert not helm.uninstall("opencost-ai", site.SPACE, timeout=5, stop=Stop())


def test_a_second_run_sees_what_the_first_left(tmp_path: Path) -> None:
    """State is kept: release, pods, volume."""
    from tests.rehearsal.opened import open_tiny

    first = open_tiny("healthy", tmp_path / "s" / "w")
    site.namespace(first)
    site.volume(first)
    site.install(first, tmp_path)
    first.world.close()
    second = open_tiny("healthy", tmp_path / "s" / "w")
    try:
        found = second.world.helm(second.answers).release("opencost-ai", site.SPACE)
        assert found is not None
        assert found.status == "deployed"
        assert "128.40" in site.ask(second)["answer"]
    finally:
        second.world.close()
