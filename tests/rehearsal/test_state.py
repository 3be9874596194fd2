"""A world's state: kept, shared by processes, told apart when damaged, nobody else's business."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.rehearsal.opened import open_tiny
from wizard.engine.problems import Problem
from wizard.rehearsal import open_world
from wizard.rehearsal.state import State, folder

ROOT = Path(__file__).parents[2]
_WORKER = """
import sys
from pathlib import Path
from tests.rehearsal.opened import open_tiny
name, state = sys.argv[1], Path(sys.argv[2])
opened = open_tiny("healthy", state)
for number in range(20):
    opened.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "data": {"by": name},
                          "metadata": {"name": f"{name}-{number}", "namespace": "default"}})
opened.world.close()
"""


def test_several_processes_lose_nothing(tmp_path: Path) -> None:
    """Three processes and this one write at the same time; every object of each is there."""
    state = tmp_path / "s" / "w"
    workers = [
        subprocess.Popen([sys.executable, "-c", _WORKER, name, str(state)], cwd=ROOT)
        for name in ("a", "b", "c")
    ]
    opened = open_tiny("healthy", state)
    try:
        for number in range(20):
            meta = {"name": f"d-{number}", "namespace": "default"}
            opened.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        assert [w.wait(60) for w in workers] == [0, 0, 0]
        found = {o["metadata"]["name"] for o in opened.cluster.list("ConfigMap", "default")}
        assert found == {f"{name}-{n}" for name in "abcd" for n in range(20)}
        versions = [o["metadata"]["resourceVersion"] for o in opened.cluster.list("ConfigMap", "default")]
        assert len(set(versions)) == len(versions)
    finally:
        opened.world.close()


def test_threads_lose_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "s")

    def work() -> None:
        for _ in range(50):
            with state.hold() as data:
                data["count"] = data.get("count", 0) + 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with State(tmp_path / "s").hold() as data:
        assert data["count"] == 200


def test_an_exception_keeps_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "s")
    with state.hold() as data:
        data["x"] = 1
    with pytest.raises(RuntimeError), state.hold() as data:
        data["x"] = 2
        raise RuntimeError
    with state.hold() as data:
        assert data["x"] == 1


@pytest.mark.parametrize("text", ["", "{", '{"format": 99}', "[]"])
def test_damage_is_told(tmp_path: Path, text: str) -> None:
    """And the command that begins afresh."""
    state = State(tmp_path / "s")
    (tmp_path / "s" / "world.json").write_text(text)
    with pytest.raises(Problem) as caught, state.hold():
        pass
    assert caught.value.code == "rehearsal-state-unreadable"
    assert caught.value.remedies[0].command == f"rm -r {tmp_path / 's'}"


def test_it_is_ours_alone(tmp_path: Path) -> None:
    """It stands for etcd: there are Secrets in it."""
    opened = open_tiny("healthy", tmp_path / "s" / "w")
    opened.cluster.list("Pod")
    opened.world.close()
    assert stat.S_IMODE((tmp_path / "s" / "w").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "s" / "w" / "world.json").stat().st_mode) == 0o600


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$AIRGAP_WIZARD_STATE, then $XDG_STATE_HOME, then ~/.local/state."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", "/a")
    assert folder("w") == Path("/a/rehearsal/w")
    monkeypatch.delenv("AIRGAP_WIZARD_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert folder("w") == Path("/x/airgap-wizard/rehearsal/w")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert folder("w") == Path("/h/.local/state/airgap-wizard/rehearsal/w")
    assert folder("w", tmp_path) == tmp_path


def test_worlds_that_hold_the_same_outside_share_it(tmp_path: Path) -> None:
    """Seeding happens once."""
    first = open_tiny("healthy", tmp_path / "healthy")
    second = open_tiny("mcp-off", tmp_path / "mcp-off")
    third = open_tiny("image-missing", tmp_path / "image-missing")
    assert first.world.source == second.world.source
    assert first.world.source != third.world.source


def test_a_made_up_password_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers that ship with us name a variable that need not be set; the registry wants that password."""
    from tests.rehearsal.journey import journey_answers

    monkeypatch.delenv("REHEARSED_REGISTRY_PASSWORD", raising=False)
    answers = journey_answers(tmp_path)
    seen = []
    for _ in range(2):
        world = open_world("healthy", state=tmp_path / "s" / "w", tiny=True)
        site = world.sites(answers).site("registry.internal.example")
        assert site.password is not None
        seen.append(site.password.reveal())
        world.close()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 32
    monkeypatch.setenv("REHEARSED_REGISTRY_PASSWORD", "of-my-own-choice")
    world = open_world("healthy", state=tmp_path / "s" / "w", tiny=True)
    password = world.sites(answers).site("registry.internal.example").password
    assert password is not None
    assert password.reveal() == "of-my-own-choice"
    world.close()
