"""The wizard on real ptys: each kind of terminal, resizes, hang-ups, and the ones that cannot be drawn on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.screens.pages import parcel
from tests.screens.record import JOURNALS
from tests.terminals.terminal import ROOT, Terminal
from wizard.engine.folder import Options, make_run_folder
from wizard.support.write import write

REHEARSE = ["--rehearse", "healthy"]
COLOUR = re.compile(rb"\x1b\[[0-9;]*?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38;|48;)[0-9;]*m")


def begin(t: Terminal) -> None:
    """From the first page over Review and Yes to the run."""
    t.sees("Straight to Review")
    t.press("down", "enter")
    t.sees("Begin the run", "What the run will do")
    t.press("\x1b1")  # Alt+1, where there is no F1
    t.sees("Help: Review")
    t.press("f7")
    t.sees("What the run will do")
    t.press("f8")
    t.sees("No, go back")
    t.press("right", "enter")
    t.sees("Progress", "[ Digests ]")


@pytest.mark.parametrize("term", ["xterm-256color", "linux", "vt220"])
def test_from_the_first_page_to_done_with_keys_alone(term: str, tmp_path: Path) -> None:
    """The whole spine; where a terminal has only ASCII or no colour, nothing else is sent to it."""
    with Terminal(term, REHEARSE, tmp_path) as t:
        begin(t)
        t.sees("[ Results ]")
        t.press("enter")
        t.sees("Verification", "egress, from inside", "refused")
        t.press("f8")
        t.sees("Done", "To do the same again")
        t.press("f10")
        assert t.wait() == 0
        drawn = t.raw
    if term != "xterm-256color":
        words = drawn.decode().translate({ord(c): None for c in "“”…–×→‘’"})
        assert words.isascii(), {c for c in words if not c.isascii()}
    assert bool(COLOUR.search(drawn)) == (term != "vt220")
    run = next((tmp_path / "runs").iterdir())
    last = json.loads((run / "journal.jsonl").read_text().splitlines()[-1])
    assert last["outcome"] == "done"


def test_a_dumb_terminal_is_told_of_the_plain_front_end(tmp_path: Path) -> None:
    """no-terminal: nothing is drawn, the way on is named, exit 2."""
    with Terminal("dumb", REHEARSE, tmp_path) as t:
        assert t.wait() == 2
        assert "airgap-wizard run --rehearse healthy" in t.text
        assert "airgap-wizard explain no-terminal" in t.text
        assert b"\x1b" not in t.raw


def test_a_terminal_that_is_too_small_says_so_and_comes_back(tmp_path: Path) -> None:
    """Below 80×24 a sentence; larger again, the page as it was."""
    with Terminal("xterm-256color", REHEARSE, tmp_path) as t:
        t.sees("Straight to Review")
        t.press("down", "enter")
        t.sees("What the run will do")
        t.resize(50, 12)
        t.sees("50x12", "needs 80x24")
        t.resize(140, 40)
        t.sees("What the run will do", "Begin the run")
        t.resize(80, 24)
        t.sees("What the run will do")
        t.press("f10")
        assert t.wait() == 0


def test_no_colour_is_none_and_the_cursor_stands_where_the_focus_is(tmp_path: Path) -> None:
    """What a screen reader follows: the terminal's own cursor, which is also shown where there is no colour."""
    with Terminal("xterm-256color", REHEARSE, tmp_path, env={"NO_COLOR": "1"}) as t:
        t.sees("Straight to Review")
        t.until(lambda: t.screen.display[t.screen.cursor.y].strip().startswith("Begin"))
        t.press("down")
        t.until(lambda: t.screen.display[t.screen.cursor.y].strip().startswith("Straight to Review"))
        assert not t.screen.cursor.hidden
        t.press("enter")
        t.sees("What the run will do")
        t.until(lambda: t.screen.display[t.screen.cursor.y].strip().startswith("[ Begin the run ]"))
        t.press("f10")
        assert t.wait() == 0
        assert not COLOUR.search(t.raw)


def test_hang_ups_on_the_pages_of_a_run_leave_it_running_and_attach_shows_the_truth(tmp_path: Path) -> None:
    """The line is cut on Progress, Digests, Log and Runs; each time another terminal finds the run as it is."""
    with Terminal("xterm-256color", REHEARSE, tmp_path) as t:
        begin(t)
        t.hang_up()
        t.wait()
    for number, (keys, seen) in enumerate(
        ((["tab", "enter"], "Digests"), (["f3"], "Log"), (["f6"], "begun"))
    ):
        with Terminal("xterm-256color", REHEARSE, tmp_path) as t:
            t.sees("Straight to Review")
            t.press("f6")
            t.sees("REHEARSAL healthy", "begun")
            t.press("enter")
            t.sees("Progress", "[ Digests ]")
            t.press(*keys)
            t.sees(seen)
            t.hang_up()
            t.wait()
        assert len(list((tmp_path / "runs").iterdir())) == 1, number
    run = next((tmp_path / "runs").iterdir())
    env = os.environ | {"AIRGAP_WIZARD_STATE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "wizard", "attach", run.name]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "install: done" in done.stdout
    assert not list(tmp_path.glob("crash-*")), "a cut line is no bug"
    with Terminal("vt220", REHEARSE, tmp_path) as other, Terminal("xterm-256color", REHEARSE, tmp_path) as t:
        other.sees("Past runs (1)")
        other.press("f6", "enter")
        other.sees("[ Results ]")
        t.sees("Past runs (1)")
        t.press("f6")
        t.sees("done")
        t.press("enter")
        t.sees("[ Results ]")
        t.press("f10")
        assert t.wait() == 0


FAILED = ["f6", "enter"]
"""The last run, which failed; Runs has it under the cursor."""
PAGES: dict[str, tuple[list[str], list[str]]] = {
    "welcome": ([], ["Straight to Review"]),
    "form": (["enter"], ["1/8"]),
    "review": (["down", "enter"], ["What the run will do"]),
    "confirm": (["down", "enter", "f8"], ["No, go back"]),
    "help": (["f1"], ["Help: Welcome"]),
    "look": (["f4"], ["Colours and signs"]),
    "actions": (["\x10"], ["type to find an action"]),
    "save": (["f2"], ["Save the answers"]),
    "runs": (["f6"], ["begun", "FAILED"]),
    "progress": (FAILED, ["[ What happened ]"]),
    "failure": ([*FAILED, "f8"], ["[ Diagnose ]", "What to do"]),
    "diagnosis": ([*FAILED, "f8", "f5"], ["Diagnosis", "CERTAIN"]),
    "support": ([*FAILED, "f8", "f9"], ["What would leave the site"]),
    "write": ([*FAILED, "f8", "f9", "f8"], ["Write the support bundle"]),
    "log": ([*FAILED, "f3"], ["Log", "Filter:"]),
    "digests": ([*FAILED, "right", "enter"], ["Digests", "Filter:"]),
    "verification": ([*FAILED, "f8", "right", "right", "right", "right", "enter"], ["Verification"]),
}
"""Page → the keys to it, one after the other, and what it says. Done has a test of its own above."""
WAYS = {
    ("down", "enter"): "What the run will do",
    ("f6",): "begun",
    tuple(FAILED): "[ What happened ]",
    (*FAILED, "f8"): "[ Diagnose ]",
    (*FAILED, "f8", "f9"): "What would leave the site",
}
"""What is to be seen on the way before the next key is pressed."""


@pytest.fixture
def failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a run that failed, as it was recorded."""
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path))
    answers = (JOURNALS.parent / "worlds" / "answers.yaml").read_text()
    folder = make_run_folder(Options("install", rehearse="no-storageclass"), answers)
    folder.journal.write_bytes((JOURNALS / "no-storageclass.jsonl").read_bytes())
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_a_hang_up_on_any_page_ends_the_wizard_and_changes_nothing(page: str, failed_run: Path) -> None:
    """SIGHUP: the process ends, nothing is taken for a bug, no run is begun, no file is written."""
    keys, words = PAGES[page]
    before = kept(failed_run)
    with Terminal("xterm-256color", REHEARSE, failed_run) as t:
        t.sees("Straight to Review", "Past runs (1)")
        for n, key in enumerate(keys, 1):
            t.press(key)
            t.sees(WAYS.get(tuple(keys[:n]), ""))
        t.sees(*words)
        t.hang_up()
        t.wait()
    assert kept(failed_run) == before


def kept(state: Path) -> list[Path]:
    """The files of a state folder; what the simulated site itself has on its disks is not ours."""
    return sorted(p for p in state.rglob("*") if p.is_file() and "rehearsal" not in p.parts)


@pytest.mark.parametrize("term", ["vt220", "xterm-256color"])
def test_a_support_bundle_is_browsed_with_keys_alone(term: str, tmp_path: Path) -> None:
    """`--bundle FILE`: causes, files; on a terminal without colour and function keys as well."""
    path = tmp_path / "carried.tar"
    write(parcel("pull-401").bundle, path)
    with Terminal(term, ["--bundle", str(path)], tmp_path) as t:
        t.sees("carried.tar", "1. CERTAIN", "cluster/", "REHEARSAL pull-401")
        t.press("enter")
        t.sees("Diagnosis", "What to do", "$ airgap-wizard run")
        t.press("\x1b7")  # Alt+7
        t.sees("Timeline:")
        t.press("down", "enter")
        t.sees("Run and cluster on one axis")
        t.press("f7")
        t.sees("cluster/")
        t.press("f10")
        assert t.wait() == 0
        assert bool(COLOUR.search(t.raw)) == (term != "vt220")


def test_what_is_no_support_bundle_is_told_on_the_terminal_as_it_was(tmp_path: Path) -> None:
    """support-bundle-invalid, exit 2, and nothing is drawn."""
    (tmp_path / "x.tar").write_bytes(b"no tar" * 1000)
    with Terminal("xterm-256color", ["--bundle", str(tmp_path / "x.tar")], tmp_path) as t:
        assert t.wait() == 2
        assert "is not a support bundle" in t.text and b"\x1b[?1049h" not in t.raw
