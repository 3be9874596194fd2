"""Runs of the whole journey in a healthy world: again, and after being killed."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.journey import journey_answers, travel
from wizard.engine.events import Outcome
from wizard.oci.server import Access, RegistryServer, Trouble
from wizard.rehearsal import open_world
from wizard.rehearsal import world as rehearsed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Access]:
    """What the internal registry was asked."""
    heard: list[Access] = []

    class Heard(RegistryServer):
        def __init__(self, folder: Path, **more: Any) -> None:
            inside = folder.parent.name == "healthy"
            super().__init__(folder, log=self._hear if inside else None, **more)

        @staticmethod
        def _hear(line: Access | Trouble) -> None:
            if isinstance(line, Access):
                heard.append(line)

    monkeypatch.setattr(rehearsed, "RegistryServer", Heard)
    return heard


def test_a_second_run_finds_everything_done(tmp_path: Path, asked: list[Access]) -> None:
    """Every step `already`, no byte copied, the same evidence; the registry is only read (S5.29).

    The probe's image runs from inside like all the others (S1.40), and every workload names it so (S1.44).
    """
    first = travel("healthy", tmp_path)
    assert {"POST", "PUT"} <= {line.method for line in asked}
    asked.clear()
    second = travel("healthy", tmp_path)
    assert {line.method for line in asked} == {"GET", "HEAD"}
    assert (first.code, second.code) == (0, 0)
    assert {s.outcome for s in second.state.steps.values()} == {Outcome.ALREADY}
    assert second.state.bytes_copied == 0
    assert first.state.bytes_copied > 0
    for name, step in first.state.steps.items():
        assert step.evidence == second.state.steps[name].evidence, name
    assert_from_inside_by_digest(tmp_path)


def assert_from_inside_by_digest(folder: Path) -> None:
    """Every workload and every pod, with the probes among them, names the internal registry and a digest."""
    world = open_world("healthy", state=folder / "state" / "healthy", tiny=True)
    try:
        cluster = world.cluster(journey_answers(folder))
        pods = [pod["spec"] for pod in cluster.list("Pod", "opencost-ai")]
        templates = [
            workload["spec"]["template"]["spec"]
            for kind in ("Deployment", "StatefulSet")
            for workload in cluster.list(kind, "opencost-ai")
        ]
    finally:
        world.close()
    assert len(templates) == 3
    containers = [
        container
        for spec in (*pods, *templates)
        for part in ("containers", "initContainers", "ephemeralContainers")
        for container in spec.get(part) or []
    ]
    assert any("/opencost-ai/airgap-probe@" in container["image"] for container in containers)
    pinned = re.compile(r"registry\.internal\.example/opencost-ai/[a-z-]+@sha256:[0-9a-f]{64}")
    assert [c["image"] for c in containers if not pinned.fullmatch(c["image"])] == []


_RUN = """
import os, signal, sys
from pathlib import Path
from tests.rehearsal.journey import travel

folder, step, kind = sys.argv[1:]

def sink(event):
    if (event.step, type(event).__name__) == (step, kind):
        os.kill(os.getpid(), signal.SIGKILL)

travel("healthy", Path(folder), sink=sink)
"""


@pytest.mark.parametrize(
    ("step", "kind"), [("mirror-images", "Moved"), ("load-model", "Moved"), ("verify", "Started")]
)
def test_killed_and_run_again(tmp_path: Path, step: str, kind: str) -> None:
    """SIGKILL at some moment of an install; the next run ends green, and nothing is there twice."""
    words = [sys.executable, "-c", _RUN, str(tmp_path), step, kind]
    assert subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL).returncode == -signal.SIGKILL
    ran = travel("healthy", tmp_path)
    assert ran.code == 0, ran.words
    world = open_world("healthy", state=tmp_path / "state" / "healthy", tiny=True)
    try:
        cluster = world.cluster(journey_answers(tmp_path))
        assert not [n for n in cluster.list("Namespace") if "scratch" in n["metadata"]["name"]]
        pods = cluster.list("Pod", "opencost-ai")
        assert sorted(p["metadata"]["labels"]["app.kubernetes.io/component"] for p in pods) == [
            "bridge",
            "gateway",
            "ollama",
        ]
        assert len(cluster.list("PersistentVolume")) == 1
    finally:
        world.close()
