"""The watched upgrade, and a release that is held: what is told, what is tried again, what is left alone."""

import os
import threading

import pytest

from tests.chart.fakes import FakeCluster, FakeHelm
from tests.chart.given import answers
from tests.chart.test_waiting import NAMES, pod
from tests.real.process import wait_until
from wizard.cluster.helm.lock import Held, working
from wizard.cluster.helm.stuck import unstick
from wizard.cluster.helm.upgrade import Upgrade
from wizard.cluster.port import Release
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path))


class Told(list):
    def __call__(self, text, level="info"):
        self.append((level, text))

    def wait_for(self, words):
        wait_until(lambda: any(words in text for _, text in self), self)


def run(helm, cluster, told=None, stop=None, timeout=30.0, unstick=lambda: None):
    upgrade = Upgrade(
        helm,
        cluster,
        NAMES,
        stop or Stop(),
        told if told is not None else Told(),
        look=0.02,
        settle=0.1,
        again=0.05,
    )
    return upgrade.run("/c.tgz", ["v.yaml"], {"a": "b"}, timeout, unstick)


BROKEN = pod(waiting={"reason": "ErrImagePull", "message": "401 Unauthorized"})


def test_it_hands_on_what_it_is_given():
    helm = FakeHelm()
    assert run(helm, FakeCluster()).status == "deployed"
    [given] = helm.upgrades
    assert (given["chart"], given["values"], given["sets"]) == ("/c.tgz", ["v.yaml"], {"a": "b"})
    assert 29 < given["timeout"] <= 30


def test_causes_are_told_while_helm_waits_and_each_once():
    helm, told, done = FakeHelm(), Told(), []
    helm.go.clear()
    cluster = FakeCluster(BROKEN)
    thread = threading.Thread(target=lambda: done.append(run(helm, cluster, told)))
    thread.start()
    told.wait_for("401 Unauthorized")
    told.wait_for("waiting for opencost-ai-bridge-1")
    enough = cluster.asked + 40  # ten looks later it was still told once
    wait_until(lambda: cluster.asked >= enough, "ten more looks")
    helm.go.set()
    thread.join()
    assert done[0].status == "deployed"
    assert [level for level, text in told if "401" in text] == ["warning"]


def test_a_timeout_names_the_cause():
    late = Problem("helm-timeout", "not Ready in time", detail="Error: context deadline exceeded")
    with pytest.raises(Problem) as caught:
        run(FakeHelm(late), FakeCluster(BROKEN))
    problem = caught.value
    assert problem.code == "image-pull-failed"
    assert "401 Unauthorized" in problem.title
    assert "context deadline exceeded" in problem.detail
    assert "run again" in problem.remedies[-1].text
    assert problem.evidence["causes"] == [{"code": "image-pull-failed", "about": "pod opencost-ai-bridge-1"}]


def test_a_timeout_without_a_cause_stays_helms_own():
    with pytest.raises(Problem) as caught:
        run(FakeHelm(Problem("helm-timeout", "not Ready in time")), FakeCluster(pod(ready=True)))
    assert caught.value.code == "helm-timeout"


def test_what_is_no_waiting_is_not_explained_by_pods():
    with pytest.raises(Problem) as caught:
        run(FakeHelm(Problem("helm-immutable-field", "immutable")), FakeCluster(BROKEN))
    assert caught.value.code == "helm-immutable-field"


def test_an_api_server_that_goes_away_is_waited_for():
    away = Problem("cluster-unreachable", "the API server does not answer")
    helm, told, freed = FakeHelm(away, away), Told(), []
    assert run(helm, FakeCluster(), told, unstick=lambda: freed.append(1)).status == "deployed"
    assert len(helm.upgrades) == 3
    assert len(freed) == 2
    assert any("tried again" in text for _, text in told)


def test_a_refusal_is_believed_the_second_time():
    """An API server that has just come back refuses what it lets us do a moment later; a missing rule stays missing."""
    no = Problem("cluster-forbidden", "we are not allowed to do what helm upgrade needs")
    told, helm = Told(), FakeHelm(no, None)
    assert run(helm, FakeCluster(), told).status == "deployed"
    assert len(helm.upgrades) == 2 and "not allowed" in told[0][1]
    helm = FakeHelm(no, no, None)
    with pytest.raises(Problem) as caught:
        run(helm, FakeCluster())
    assert caught.value.code == "cluster-forbidden" and len(helm.upgrades) == 2


def test_not_for_ever():
    away = [Problem("cluster-unreachable", "the API server does not answer") for _ in range(1000)]
    with pytest.raises(Problem) as caught:
        run(FakeHelm(*away), FakeCluster(), timeout=0.2)
    assert caught.value.code == "cluster-unreachable"


def test_looking_at_pods_may_fail_meanwhile():
    helm, told, cluster = FakeHelm(), Told(), FakeCluster(BROKEN)
    cluster.away = True
    helm.go.clear()
    thread = threading.Thread(target=lambda: run(helm, cluster, told))
    thread.start()
    told.wait_for("cannot look at the pods")
    cluster.away = False
    told.wait_for("401 Unauthorized")
    helm.go.set()
    thread.join()
    assert sum("cannot look" in text for _, text in told) == 1


def test_a_stop_is_a_stop():
    helm, stop = FakeHelm(), Stop()
    helm.go.clear()

    def later():
        helm.entered.wait(20)
        stop.set()

    thread = threading.Thread(target=later)
    thread.start()
    with pytest.raises(Stopped):
        run(helm, FakeCluster(BROKEN), stop=stop)
    thread.join()


PENDING = Release(
    "opencost-ai", "opencost-ai", 2, "pending-upgrade", "opencost-ai-0.1.0", updated="2026-01-01"
)
HELD = Held.of(answers().cluster)


def test_a_release_that_is_free_is_left_alone():
    for release in (None, Release("opencost-ai", "opencost-ai", 1, "failed", "c")):
        cluster = FakeCluster()
        unstick(FakeHelm(release=release), cluster, answers(), Stop(), Told())
        assert cluster.deleted == []


def test_somebody_elses_operation_is_left_alone():
    cluster = FakeCluster()
    with pytest.raises(Problem) as caught:
        unstick(FakeHelm(release=PENDING), cluster, answers(), Stop(), Told())
    problem = caught.value
    assert problem.code == "release-stuck"
    assert "revision 2 is pending-upgrade since 2026-01-01" in problem.detail
    assert any("kubectl delete secret" in remedy.command for remedy in problem.remedies)
    assert cluster.deleted == []


def test_what_a_killed_run_of_ours_left_is_set_free():
    with pytest.raises(RuntimeError), working(HELD, Stop(), 1):
        raise RuntimeError
    cluster, told = FakeCluster(), Told()
    unstick(FakeHelm(release=PENDING), cluster, answers(), Stop(), told)
    assert cluster.deleted == [("Secret", "sh.helm.release.v1.opencost-ai.v2")]
    assert "was left pending-upgrade by a run that was killed" in told[0][1]


def test_a_helm_of_ours_that_still_works_is_waited_for():
    with working(HELD, Stop(), 1) as lock:
        left = os.dup(lock)
    helm, cluster, told = FakeHelm(release=PENDING), FakeCluster(), Told()
    thread = threading.Thread(
        target=lambda: unstick(helm, cluster, answers(), Stop(), told, poll=0.02),
    )
    thread.start()
    told.wait_for("still works on opencost-ai")
    helm.now = Release("opencost-ai", "opencost-ai", 2, "deployed", "c")
    thread.join()
    os.close(left)
    assert cluster.deleted == []


def test_an_operation_of_ours_that_ended_well_is_forgotten():
    with pytest.raises(RuntimeError), working(HELD, Stop(), 1):
        raise RuntimeError
    deployed = Release("opencost-ai", "opencost-ai", 2, "deployed", "c")
    unstick(FakeHelm(release=deployed), FakeCluster(), answers(), Stop(), Told())
    with pytest.raises(Problem):  # what is pending now is another's
        unstick(FakeHelm(release=PENDING), FakeCluster(), answers(), Stop(), Told())
