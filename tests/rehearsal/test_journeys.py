"""Runs of the whole journey in a healthy world: again, and after being killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rehearsal.journey import travel
from wizard.engine.events import Outcome

ROOT = Path(__file__).parents[2]


def test_a_second_run_finds_everything_done(tmp_path: Path) -> None:
    """Every step `already`, no byte copied, the same evidence."""
    first, second = travel("healthy", tmp_path), travel("healthy", tmp_path)
    assert (first.code, second.code) == (0, 0)
    assert {s.outcome for s in second.state.steps.values()} == {Outcome.ALREADY}
    assert second.state.bytes_copied == 0
    assert first.state.bytes_copied > 0
    for name, step in first.state.steps.items():
        assert step.evidence == second.state.steps[name].evidence, name


_RUN = """
import sys
from pathlib import Path
from tests.rehearsal.journey import travel
ran = travel("healthy", Path(sys.argv[1]))
print(ran.problem, ran.words)
sys.exit(ran.code)
"""


@pytest.mark.parametrize("after", [0.8, 2.0, 3.2])
def test_killed_and_run_again(tmp_path: Path, after: float) -> None:
    """SIGKILL at some moment of an install; the next run ends green, and nothing is there twice."""
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    ran = travel("healthy", tmp_path)
    assert ran.code == 0, ran.words
    from tests.rehearsal.journey import journey_answers
    from wizard.rehearsal import open_world

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
