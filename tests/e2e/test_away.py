"""The API server away, the kubelet away, in the middle of an install: waited out, or told, and gone on from."""

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.cluster.cluster import NODE
from tests.e2e.counting import nothing_doubled
from tests.e2e.going import Condition, begun
from tests.e2e.site import Ran, Site
from tests.real.process import wait_until
from wizard.engine.events import Grade, Said, Started
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(2400)]
AWAY = 30.0
"""Seconds; some of the outages are shorter, so that all of them fit into a few minutes."""
CLEAR = {
    "cluster-unreachable",
    "cluster-timeout",
    "node-away",
    "pod-did-not-start",
    "helm-failed",
    "release-stuck",
}
SHARED = ("kube-system", "local-path-storage", "opencost", "opencost-ai")
PREFIX, MODELS = "away", "away-model"


def began(step: str) -> Condition:
    """The step has begun."""
    return lambda event: isinstance(event, Started) and event.step == step


def said(step: str, words: str) -> Condition:
    """The step has said this."""
    return lambda event: isinstance(event, Said) and event.step == step and words in event.text


@contextmanager
def no_api(site: Site, seconds: float) -> Iterator[None]:
    """Without API server for so long at least; whole again after the block: node Ready, its pods Ready, DNS there."""
    with site.cluster.without("api"):
        gone = time.monotonic()
        yield
        wait_until(lambda: time.monotonic() - gone >= seconds, "the outage's length", seconds + 5)
    whole_again(site)


def whole_again(site: Site) -> None:
    """Wait until the node is seen as Ready by reports of now, takes pods, and what runs for everybody is Ready."""
    back = datetime.datetime.now(datetime.UTC)

    def reports() -> bool:
        renewed = site.cluster.get("lease", NODE, "-n", "kube-node-lease")["spec"]["renewTime"]
        return datetime.datetime.fromisoformat(renewed) > back

    def takes_pods() -> bool:
        node = site.cluster.get("node", NODE)
        ready = [c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"]
        return ready == ["True"] and not node["spec"].get("taints")

    wait_until(reports, "a report of the kubelet", 120)
    wait_until(takes_pods, "the node Ready, without taints", 120)

    def shared_are_ready() -> bool:
        """What runs for everybody, and the session's install where there is one."""
        pods = [
            p
            for space in SHARED
            for p in site.cluster.get("pods", "-n", space, "-l", "!airgap-wizard/purpose")["items"]
        ]
        conditions = [c for p in pods for c in p["status"].get("conditions") or () if c["type"] == "Ready"]
        return all(c["status"] == "True" for c in conditions)

    wait_until(shared_are_ready, "every shared pod Ready again", 120)


def test_a_stop_is_noticed_while_the_api_server_is_away(fresh: tuple[Site, str]) -> None:
    """Within seconds, not when patience with the API server ends; the next run goes on."""
    site, space = fresh
    answers = site.answers(space)
    with begun(site, answers, "--until", "preflight") as run:
        assert run.until(said("preflight", "storage:"), "the first experiment")
        with no_api(site, 0):
            asked = time.monotonic()
            done = site.wizard("stop", run.folder.path, "--wait", "60")
            took = time.monotonic() - asked
            ended = run.end()
    assert done.returncode == 0, done.stderr
    assert ended.code == 130, ended.story
    assert took < 20, f"noticed only after {took:.0f} s"
    again = site.run(answers, "--until", "preflight", seconds=600)
    assert again.code == 0, again.story
    site.nothing_left(space)


def test_the_api_server_goes_away_four_times_in_an_install(fresh: tuple[Site, str]) -> None:
    """In mirror, load-model, install-chart, verify: a run waits it out, or says clearly what is away; it ends green."""
    site, space = fresh
    answers = site.answers(space, registry__prefix=PREFIX, model__prefix=MODELS)
    outages = [
        (began("mirror-images"), 10.0),
        (said("load-model", "the loader may reach"), 10.0),
        (began("install-chart"), AWAY),
        (said("verify", "egress:"), 10.0),
    ]
    told: list[str] = []
    ended = _through(site, answers, outages, told)
    assert ended.code == 0, "\n".join([*told, ended.story])
    assert set(ended.outcomes.values()) <= {"done", "already"}, ended.story
    again = site.run(answers, seconds=900)
    assert again.code == 0, again.story
    assert again.graded(Grade.UNKNOWN) == set(), "\n".join([*told, again.story])
    # a verdict that the outage left unknown is established now: then the record is written anew
    anew = {"verify": "done"} if ended.graded(Grade.UNKNOWN) else {}
    expected = dict.fromkeys(JOURNEYS["install"], "already") | anew
    assert again.outcomes == expected, "\n".join([*told, again.story])
    nothing_doubled(site, space, PREFIX, MODELS, "\n".join([*told, ended.story]), revisions=4)


def _through(site: Site, answers: Path, outages: list[tuple[Condition, float]], told: list[str]) -> Ran:
    """Run through all outages, again where a run ends with a clear problem."""
    left = list(outages)
    while True:
        with begun(site, answers) as run:
            while left and run.until(left[0][0], f"the moment before {len(left)} more outages") is not None:
                _, seconds = left.pop(0)
                with no_api(site, seconds):
                    pass
            ended = run.end()
        told.append(f"{run.folder.id}: exit {ended.code}, {len(left)} outages left")
        if ended.code == 0:
            assert not left, told
            return ended
        # what the outage kept from being proved is not taken for proved: the next run proves it
        unproved = ended.problem.code == "verification-failed" and not ended.graded(Grade.FAIL)
        assert unproved or ended.problem.code in CLEAR, ended.story
        assert len(told) <= len(outages) + 1, "\n".join([*told, ended.story])


def test_the_kubelet_is_away(fresh: tuple[Site, str]) -> None:
    """The node that is NotReady is named as the cause, in the middle of Helm's waiting; with the kubelet back it goes on."""
    site, space = fresh
    answers = site.answers(space, chart__timeout="60s")
    ready = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"

    def ready_is(word: str) -> bool:
        return site.cluster.kubectl("get", "node", NODE, "-o", ready) == word

    with begun(site, answers, "--until", "install-chart") as run:
        assert run.until(began("install-chart"), "the chart's install"), run.end().story
        with site.cluster.without("kubelet"):
            wait_until(lambda: ready_is("Unknown"), "the node NotReady", 120)
            ended = run.end()
        whole_again(site)
    assert ended.code == 5, ended.story
    assert ended.problem.code in ("node-away", "pod-unschedulable"), ended.story
    everything = f"{ended.problem.title}\n{ended.problem.detail}"
    assert f"node {NODE}" in everything and "NotReady" in everything, ended.story
    again = site.run(answers, "--until", "install-chart", seconds=600)
    assert again.code == 0, again.story
