"""Runs outlive their terminal, and a killed run is resumed without copying again what was there."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Program, Site, wait_for
from tests.cli.test_run import COPY, events
from wizard.engine.folder import Options, make_run_folder

SLOW = (
    12_000  # bytes a second and connection: the whole would take longer than any of these tests looks at it
)


@pytest.fixture
def slow(site: Site) -> Site:
    site.link.rate = SLOW
    return site


def moving(program: Program) -> bool:
    """A run has begun to move bytes."""
    return any(b'"active"' in p.read_bytes() for p in program.state.glob("runs/*/journal.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_the_run_goes_on_when_its_front_end_is_gone(program: Program, slow: Site, number: signal.Signals):
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: moving(program))
    front.send_signal(number)
    front.communicate(timeout=10)
    assert program.runs()[0]["status"] == "running"
    slow.link.rate = 0
    seen = program("attach")
    assert seen.returncode == 0
    assert slow.images["ollama"] in seen.stdout
    assert program.runs()[0]["status"] == "done"


def test_two_terminals_watch_at_once(program: Program, slow: Site):
    started = program("run", "-f", slow.answers(), *COPY, "--detach")
    assert Path(started.stdout.strip()).is_dir()
    watchers = [program.start("attach", "--format", "jsonl") for _ in range(2)]
    wait_for(lambda: moving(program))
    slow.link.rate = 0
    told = [w.communicate(timeout=60)[0] for w in watchers]
    assert told[0] == told[1] and events(told[0])[-1]["outcome"] == "done"


def test_stop_ends_the_run_with_130_and_running_again_goes_on(program: Program, slow: Site):
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: moving(program))
    assert program("stop").returncode == 0
    front.communicate(timeout=20)
    assert front.returncode == 130
    assert program.runs()[0]["status"] == "stopped"
    slow.link.rate = 0
    assert program("run", "-f", slow.answers(), *COPY).returncode == 0


def test_an_interrupt_of_the_command_that_launched_it_stops_the_run(program: Program, slow: Site):
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: moving(program))
    front.send_signal(signal.SIGINT)
    front.communicate(timeout=20)
    assert front.returncode == 130


def test_an_interrupt_in_the_first_moment_stops_the_run_too(program: Program, slow: Site):
    """The run's process exists and has not written a line yet."""
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: list(program.state.glob("runs/*/pid")))
    front.send_signal(signal.SIGINT)
    front.communicate(timeout=20)
    assert front.returncode == 130
    assert program.runs()[0]["status"] == "stopped"


def test_a_stop_right_after_a_detached_launch_is_no_lie(program: Program, slow: Site):
    program("run", "-f", slow.answers(), *COPY, "--detach")
    done = program("stop")
    assert done.returncode == 0 and "has stopped" in done.stdout
    assert program.runs()[0]["status"] == "stopped"
    assert "does not run: stopped" in program("stop").stdout


def test_a_second_interrupt_leaves_the_run_to_itself(program: Program, tmp_path: Path):
    """A step that waits for a tool may take minutes to come to its safe point."""
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    argv = [sys.executable, "-c", HELD, str(folder.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(argv, env=program.env, text=True, **pipes) as held:
        assert held.stdout and held.stdout.readline() == "held\n"
        watcher = [sys.executable, "-c", OWNER, str(folder.path)]
        with subprocess.Popen(watcher, env=program.env, text=True, stderr=subprocess.PIPE) as front:
            assert front.stderr and front.stderr.readline() == "watching\n"
            front.send_signal(signal.SIGINT)
            assert "asking the run" in front.stderr.readline() + front.stderr.readline()
            front.send_signal(signal.SIGINT)
            said = front.stderr.read()
            assert front.wait(20) == 130 and f"attach {folder.id}" in said
        held.communicate("")


def test_a_reader_who_goes_away_stops_no_run(program: Program, slow: Site):
    """`run … | head -1`: the run is done, and the exit code is its own."""
    front = program.start("run", "-f", slow.answers(), *COPY)
    assert front.stdout and front.stderr
    front.stdout.readline()
    front.stdout.close()
    slow.link.rate = 0
    assert front.wait(60) == 0
    assert "the run goes on" in front.stderr.read()
    front.stderr.close()
    assert program.runs()[0]["status"] == "done"


def test_a_run_folder_that_is_damaged_hides_no_other(program: Program, site: Site):
    program("run", "-f", site.answers(), *COPY)
    (program.state / "runs" / "20010101-000000-install-dead").mkdir()
    (program.state / "runs" / "20010101-000000-install-dead" / "options.json").write_text("{")
    assert [row["status"] for row in program.runs()] == ["damaged", "done"]


def test_a_killed_run_is_told_as_such_and_resumed_without_doing_it_twice(program: Program, slow: Site):
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: _verified(program) >= 3)
    pid = int(next(program.state.glob("runs/*/pid")).read_text())
    os.kill(pid, signal.SIGKILL)
    _, err = front.communicate(timeout=20)
    assert front.returncode == 5 and "was killed: its journal has no end" in err and "run-died" in err
    assert program.runs()[0]["status"] == "died"
    slow.link.rate = 0
    again = program("run", "-f", slow.answers(), *COPY, "--format", "jsonl")
    assert again.returncode == 0
    told = events(again.stdout)
    assert sum(e.get("move") == "present" for e in told) >= 3
    whole = sum(i["bytes"] for i in told[-2]["evidence"]["images"].values())
    assert told[-1]["evidence"]["bytesCopied"] < whole


def _verified(program: Program) -> int:
    texts = [p.read_bytes() for p in program.state.glob("runs/*/journal.jsonl")]
    return sum(len(re.findall(rb'"move":"(?:copied|verified)"', text)) for text in texts)


def test_a_registry_that_dies_in_mid_transfer_is_a_problem_with_a_remedy(
    program: Program, slow: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AIRGAP_WIZARD_PACE", "0.05")
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: moving(program))
    slow.link.close()
    out, _ = front.communicate(timeout=110)
    assert front.returncode == 5
    assert "FAILED" in out and "do: " in out and re.search(r"explain registry-\S+|explain blob-\S+", out)
    assert not list(slow.internal.storage.rglob("*/1.0/*")), "no tag appeared"


def test_attach_to_a_run_that_is_over_shows_it_at_once(program: Program, site: Site):
    program("run", "-f", site.answers(), *COPY)
    began = time.monotonic()
    assert program("attach").returncode == 0
    assert time.monotonic() - began < 10


def test_no_run_yet_is_said(program: Program):
    assert program("attach").returncode == 2
    assert "no run yet" in program("runs").stderr


HELD = """
import os, signal, sys
from pathlib import Path
from wizard.engine.journal import Journal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = Path(sys.argv[1])
with Journal(folder / "journal.jsonl"):
    (folder / "pid").write_text(str(os.getpid()))
    print("held", flush=True)
    sys.stdin.read()
"""

OWNER = """
import sys
from pathlib import Path
from wizard.cli import watch
from wizard.engine.folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
asked = watch.Asked(folder)
print("watching", file=sys.stderr, flush=True)
sys.exit(watch.watch(folder, "plain", asked))
"""


def test_a_run_that_does_not_stop_in_time_is_said_to_go_on(program: Program, tmp_path: Path):
    """run-goes-on: told after the wait, with the way to watch it."""
    folder = make_run_folder(Options("install"), "", tmp_path / "run")
    argv = [sys.executable, "-c", HELD, str(folder.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(argv, env=program.env, text=True, **pipes) as held:
        assert held.stdout and held.stdout.readline() == "held\n"
        done = program("stop", str(folder.path), "--wait", "0.2")
        held.communicate("")
    assert done.returncode == 5 and "explain run-goes-on" in done.stderr


def test_a_second_run_on_the_same_site_is_refused_and_the_first_goes_on(program: Program, slow: Site):
    """site-is-busy: with the name of the run that acts there; a dry run may look on."""
    slow.link.rate = 1_000  # it goes on until it is let go, however busy the machine
    front = program.start("run", "-f", slow.answers(), *COPY)
    wait_for(lambda: moving(program))
    (first,) = program.runs()
    second = program("run", "-f", slow.answers(), *COPY)
    assert second.returncode == 2 and "explain site-is-busy" in second.stdout
    assert f"attach {first['run']}" in second.stdout
    assert program("run", "-f", slow.answers(), *COPY, "--dry-run").returncode == 0
    assert program.runs()[0]["status"] == "running"
    slow.link.rate = 0
    front.communicate(timeout=60)
    assert front.returncode == 0
