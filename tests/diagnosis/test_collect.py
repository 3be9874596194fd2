"""Collectors: side by side, bounded in time and size; what hangs, is refused or is away is a result."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.planted import Helm, run_folder
from tests.facts.fakes import FakeCluster, answers, node, sources
from wizard.engine.problems import Problem
from wizard.support.collect import Basket, Collector, collect
from wizard.support.format import Got
from wizard.support.gather import Site, Wanted, gather


def results(*collectors: Collector, seconds: float = 20.0) -> dict[str, tuple[Got, str]]:
    return {c.name: (c.outcome, c.why) for c in collect(list(collectors), seconds=seconds).results}


def raising(error: Exception) -> Callable[..., Any]:
    def get(*_: object) -> None:
        raise error

    return get


@pytest.fixture
def hung() -> Any:
    """A call that hangs until the test is over."""
    over = threading.Event()
    yield over.wait
    over.set()


def test_one_that_hangs_is_reported_and_costs_the_others_nothing(hung: Any) -> None:
    began = time.monotonic()
    haul = collect(
        [
            Collector("slow", lambda basket: (basket.put("early", b"x"), hung())[1], seconds=0.3),
            *(Collector(f"quick-{n}", lambda basket: basket.put("f", b"y")) for n in range(30)),
        ]
    )
    assert time.monotonic() - began < 10
    found = {c.name: c for c in haul.results}
    assert found["slow"].outcome is Got.TIMEOUT and found["slow"].files == ("early",)
    assert "no answer within 0.3 s" in found["slow"].why
    assert all(found[f"quick-{n}"].outcome is Got.GOT for n in range(30))
    assert haul.files["early"] == b"x"


def test_many_that_hang_end_with_the_whole(hung: Any) -> None:
    began = time.monotonic()
    found = results(*(Collector(f"slow-{n}", lambda basket: hung()) for n in range(40)), seconds=0.5)
    assert time.monotonic() - began < 10
    assert {outcome for outcome, _ in found.values()} == {Got.TIMEOUT}
    assert len(found) == 40


def test_what_a_hung_one_says_later_is_not_taken() -> None:
    go, said = threading.Event(), threading.Event()

    def get(basket: Basket) -> None:
        go.wait()
        basket.put("late", b"x")
        said.set()

    haul = collect([Collector("slow", get, seconds=0.1)])
    go.set()
    said.wait(5)
    assert "late" not in haul.files


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Problem("cluster-forbidden", "not allowed to list nodes"), Got.REFUSED),
        (Problem("registry-refused-credentials", "no"), Got.REFUSED),
        (Problem("cluster-unreachable", "away"), Got.UNREACHABLE),
        (Problem("cluster-refused", "no such kind"), Got.ABSENT),
        (Problem("cluster-timeout", "slow"), Got.TIMEOUT),
        (Problem("helm-failed", "hm"), Got.FAILED),
        (KeyError("x"), Got.FAILED),
        (RecursionError(), Got.FAILED),
    ],
)
def test_refusals_are_results(error: Exception, outcome: Got) -> None:
    found = results(Collector("one", raising(error)), Collector("two", lambda basket: None))
    assert found["one"][0] is outcome and found["one"][1]
    assert found["two"][0] is Got.GOT


def test_a_share_is_kept_to() -> None:
    def get(basket: Basket) -> None:
        basket.put("a", b"x" * 80)
        basket.put("b", b"begin" + b"y" * 100, tail=True)
        basket.put("c", b"z")

    haul = collect([Collector("big", get, most=100)])
    assert haul.files == {"a": b"x" * 80, "b": b"y" * 20, "c": b""}
    assert haul.results[0].outcome is Got.CUT


def test_behind_a_gate_that_stays_shut_nothing_is_tried() -> None:
    found = results(
        Collector("gate", raising(Problem("cluster-unreachable", "the API server does not answer"))),
        Collector("behind", raising(AssertionError("tried")), gate="gate"),
        Collector("beside", lambda basket: None),
    )
    assert found["behind"] == (Got.UNREACHABLE, "not tried: the API server does not answer")
    assert found["beside"][0] is Got.GOT


def site(cluster: FakeCluster) -> Site:
    return Site(answers(), lambda: cluster, Helm, lambda: sources(cluster).sites)  # type: ignore[arg-type,return-value]


def test_a_bundle_while_the_api_server_is_down(tmp_path: Path) -> None:
    """The run, the host and the registry side are there all the same, and what is not is named."""
    cluster = FakeCluster()
    cluster.version = raising(Problem("cluster-unreachable", "the API server does not answer"))  # type: ignore[method-assign,assignment]
    found = gather(Wanted(run_folder(tmp_path / "run"), site(cluster), root=tmp_path))
    assert {"run/journal.jsonl", "registry/registry.json", "host/clock.json", "answers.yaml"} <= set(
        found.files
    )
    assert not any(name.startswith("cluster/") for name in found.files)
    away = [c for c in found.manifest.collected if c.name.startswith("cluster/")]
    assert len(away) > 20 and {c.outcome for c in away} == {Got.UNREACHABLE}


def test_a_bundle_without_any_cluster(tmp_path: Path) -> None:
    given = answers()

    def none() -> Any:
        raise Problem(
            "cluster-not-configured", "this step needs a Kubernetes cluster, and none is configured"
        )

    found = gather(Wanted(None, Site(given, none), root=tmp_path))
    told = {c.name: c for c in found.manifest.collected}
    assert told["cluster/version"].outcome is Got.ABSENT
    assert "answers.yaml" in found.files


def test_rbac_refuses_one_kind_and_the_rest_is_there(tmp_path: Path) -> None:
    cluster = FakeCluster(node("node-a"))
    cluster.refuse["list Node"] = Problem(
        "cluster-forbidden", "not allowed to list nodes", detail="add this rule"
    )
    found = gather(Wanted(None, site(cluster), root=tmp_path))
    told = {c.name: c for c in found.manifest.collected}
    assert told["cluster/_/Node"].outcome is Got.REFUSED and "add this rule" in told["cluster/_/Node"].why
    assert told["cluster/opencost-ai/Pod"].outcome is Got.GOT
    assert "cluster/_/Node.json" not in found.files


def test_a_kind_that_hangs(tmp_path: Path, hung: Any) -> None:
    cluster = FakeCluster()
    real = cluster.list

    def listing(kind: str, namespace: Any = None, labels: Any = None) -> Any:
        return hung() if kind == "PersistentVolume" else real(kind, namespace, labels)

    cluster.list = listing  # type: ignore[method-assign]
    began = time.monotonic()
    found = gather(Wanted(None, site(cluster), root=tmp_path, seconds=3.0))
    assert time.monotonic() - began < 15
    told = {c.name: c.outcome for c in found.manifest.collected}
    assert told["cluster/_/PersistentVolume"] is Got.TIMEOUT
    assert told["cluster/opencost-ai/Pod"] is Got.GOT


def test_a_million_events_are_the_newest_two_thousand(tmp_path: Path) -> None:
    import json

    event = {"kind": "Event", "metadata": {"name": "e", "namespace": "opencost-ai"}, "message": "x" * 300}
    many = [{**event, "lastTimestamp": f"2026-01-01T{n:08}"} for n in range(50_000)]
    cluster = FakeCluster()
    real = cluster.list
    cluster.list = lambda kind, namespace=None, labels=None: (  # type: ignore[method-assign]
        many if kind == "Event" else real(kind, namespace, labels)
    )
    found = gather(Wanted(None, site(cluster), root=tmp_path))
    data = json.loads(found.files["cluster/opencost-ai/Event.json"])
    assert len(data["items"]) == 2000 and data["left"] == 48_000
    assert data["items"][-1]["lastTimestamp"].endswith("00049999")


def test_a_real_api_server_is_asked_once() -> None:
    """Waiting for it to come back belongs to a run; a look has no time for that."""
    import urllib3

    from wizard.cluster.real.adapter import RealCluster

    asked: list[str] = []

    class Pool:
        def request(self, method: str, url: str, **_: Any) -> Any:
            asked.append(url)
            raise urllib3.exceptions.HTTPError("connection refused")

    class Client:
        class configuration:
            host = "https://10.0.0.1:6443"

            @staticmethod
            def auth_settings() -> dict[str, Any]:
                return {}

        class rest_client:
            pool_manager = Pool()

    with pytest.raises(Problem) as told:
        RealCluster(Client()).once().version()
    assert told.value.code == "cluster-unreachable"
    assert len(asked) == 1
