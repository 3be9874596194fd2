"""The whole preflight over simulated sites: each that goes wrong gives exactly the check that is meant, and no other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.facts.fakes import QuickStop
from tests.rehearsal.opened import Opened, open_tiny
from wizard.engine.events import Event, Finding, Found
from wizard.engine.problems import Problem
from wizard.engine.step import Context
from wizard.facts import binding
from wizard.steps.mirror_probe import MirrorProbe
from wizard.steps.preflight import Preflight


class Rehearsed:
    """A world with a context over it."""

    def __init__(self, opened: Opened, folder: Path, **changes: Any) -> None:
        self.opened = opened
        answers = replace(opened.answers, **changes)
        self.events: list[Event] = []
        self.evidence: dict[str, Any] = {}
        self.ctx = Context(answers, opened.world, folder, self.events.append, QuickStop(), self.evidence)

    def do(self, step: Any) -> Any:
        """As the runner does it."""
        found = step.already(self.ctx)
        self.evidence[step.id] = found if found is not None else step.run(self.ctx)
        return self.evidence[step.id]

    def grades(self, grade: str) -> list[str]:
        return [e.finding.check for e in self.events if isinstance(e, Found) and e.finding.grade == grade]

    def finding(self, check: str) -> Finding:
        return next(e.finding for e in self.events if isinstance(e, Found) and e.finding.check == check)

    def namespaces(self) -> set[str]:
        return {space["metadata"]["name"] for space in self.opened.cluster.list("Namespace")}


@pytest.fixture
def rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rehearsed]]:
    """Opens a healthy world with something changed in it."""
    monkeypatch.setattr(binding, "_SECONDS", 1.0)
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "home"))
    made: list[Rehearsed] = []

    def make(changes: dict[str, Any] | str, **answers: Any) -> Rehearsed:
        name = changes if isinstance(changes, str) else str(tmp_path / "world.yaml")
        if not isinstance(changes, str):
            Path(name).write_text(yaml.safe_dump({"like": "healthy", "title": "a test"} | changes))
        made.append(Rehearsed(open_tiny(name, tmp_path / f"state-{len(made)}"), tmp_path, **answers))
        return made[-1]

    yield make
    for one in made:
        one.opened.world.close()


Make = Callable[..., Rehearsed]


def test_a_healthy_site_passes_everything_and_keeps_nothing(rehearsed: Make) -> None:
    site = rehearsed("healthy")
    site.do(MirrorProbe())
    before = site.namespaces()
    evidence = site.do(Preflight())
    assert set(evidence["checks"].values()) == {"pass"}, evidence
    assert site.namespaces() == before


NODES = ("node-a", "node-b", "node-gpu")
# sites that no world describes (tests/rehearsal/test_worlds.py travels through those)
WORLDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no OpenCost": ({"opencost": {"installed": False}}, ["opencost-mcp"]),
    "x509 on a node": (
        {"nodes": [{"name": "node-gpu", "pulls": "unknown-authority"}]},
        ["nodes-reach-registry"],
    ),
    "x509 everywhere": (
        {"nodes": [{"name": name, "pulls": "unknown-authority"} for name in NODES]},
        ["nodes-reach-registry"],
    ),
    "old Kubernetes": ({"kubernetes": {"version": "v1.24.1"}}, ["kubernetes-version"]),
    "somebody's volume": (
        {
            "objects": [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "opencost-ai"}},
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": "models-opencost-ai-ollama-0", "namespace": "opencost-ai"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "storageClassName": "internal-file",
                        "resources": {"requests": {"storage": "20Gi"}},
                    },
                    "status": {"phase": "Pending"},
                },
            ]
        },
        ["volume-adoptable"],
    ),
}


@pytest.mark.parametrize("world", WORLDS)
def test_each_site_that_goes_wrong_fails_exactly_what_is_wrong(rehearsed: Make, world: str) -> None:
    changes, expected = WORLDS[world]
    site = rehearsed(changes)
    site.do(MirrorProbe())
    before = site.namespaces()
    with pytest.raises(Problem) as caught:
        site.do(Preflight())
    assert (caught.value.code, caught.value.exit_code) == ("preflight-failed", 3)
    assert site.grades("fail") == expected
    assert all(site.finding(check).remedies for check in expected)
    assert not [name for name in site.namespaces() - before if "scratch" in name]


def test_a_name_that_one_node_cannot_resolve(rehearsed: Make) -> None:
    """S5.12: pods resolve it and so do two nodes: the third is named, and where its name has to be entered."""
    site = rehearsed({"nodes": [{"name": "node-b", "pulls": "no-such-host"}]})
    site.do(MirrorProbe())
    with pytest.raises(Problem):
        site.do(Preflight())
    assert site.grades("fail") == ["nodes-reach-registry"]
    found = site.finding("nodes-reach-registry")
    assert found.evidence["nodes"] == {"node-a": "pulled", "node-b": "name-unknown", "node-gpu": "pulled"}
    (remedy,) = found.remedies
    assert "/etc/hosts of every node" in remedy.text
    assert remedy.command == "getent hosts registry.internal.example"


def test_a_storage_class_that_is_not_there(rehearsed: Make) -> None:
    site = rehearsed("healthy")
    site.ctx.answers = replace(
        site.ctx.answers, cluster=replace(site.ctx.answers.cluster, storage_class="nowhere")
    )
    site.do(MirrorProbe())
    with pytest.raises(Problem):
        site.do(Preflight())
    assert site.grades("fail") == ["storage-class-exists"]
    assert "internal-block" in site.finding("storage-class-exists").detail


def test_an_architecture_that_was_not_carried(rehearsed: Make) -> None:
    """Such a node can neither run the images nor pull the probe: both are said."""
    site = rehearsed({"nodes": [{"name": "node-b", "arch": "s390x"}]})
    site.do(MirrorProbe())
    with pytest.raises(Problem):
        site.do(Preflight())
    assert site.grades("fail") == ["node-architectures", "nodes-reach-registry"]


def test_a_cni_that_takes_a_moment_is_judged_settled(rehearsed: Make) -> None:
    site = rehearsed({"cni": {"settles": 0.3}})
    site.do(MirrorProbe())
    site.ctx.stop = type(site.ctx.stop).__base__()  # one that really waits
    site.do(Preflight())
    assert site.finding("cni-enforces-policy").grade == "pass"


def test_an_api_server_that_is_away_for_a_moment_costs_no_verdict(rehearsed: Make) -> None:
    for after in (20, 60, 110):
        site = rehearsed({"kubernetes": {"away": {"after": after, "calls": 6}}})
        site.do(MirrorProbe())
        site.do(Preflight())
        assert not site.grades("unknown") + site.grades("fail")


def test_a_cluster_that_does_not_answer_is_a_problem_and_no_verdict(rehearsed: Make) -> None:
    site = rehearsed({"kubernetes": {"reachable": False}})
    site.do(MirrorProbe())
    with pytest.raises(Problem) as caught:
        site.do(Preflight())
    assert caught.value.code == "cluster-unreachable"
    assert not [event for event in site.events if isinstance(event, Found)]
