"""The install by keys alone: the wizard on a pty, against the real cluster, from the first page to Done."""

import json
from pathlib import Path

import pytest

from tests.e2e.site import Site
from tests.terminals.terminal import Terminal
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(1800)]
SECTIONS = ("registry", "images", "model", "cluster", "chart", "proof")
LONG = 900.0
CLEAR_LINE = "\x15"  # Ctrl+U


def test_pages_review_confirm_progress_verification_done(fresh: tuple[Site, str]) -> None:
    """S1: exit 0, and the saved answers, replayed headless, find everything done with the same evidence."""
    site, space = fresh
    answers = site.answers(space)
    saved = site.folder / "saved.yaml"
    env = {"HOME": str(site.folder / "home"), **site.environment}
    with Terminal(
        "xterm-256color", ["--answers-file", str(answers), "--tui"], site.folder / "state", env=env
    ) as t:
        t.sees("Straight to Review")
        t.press("enter")
        for number in range(2, 3 + len(SECTIONS)):
            t.sees(f"{number - 1}/")  # a page's place among all pages
            t.press("f8")
        t.sees("Review", "Begin the run")
        t.press("f8")
        t.sees("No, go back", space)
        t.press("right", "enter")
        t.sees("Progress", "Carry the probe's image")
        t.sees("[ Results ]", seconds=LONG)
        t.press("enter")
        t.sees("Verification", "egress, from inside", "refused")
        t.press("f8")
        t.sees("Done", "To do the same again")
        t.until(lambda: t.screen.display[t.screen.cursor.y].strip().startswith("[ Save answers ]"))
        t.press("enter")
        t.sees("Save the answers")
        t.press(CLEAR_LINE, str(saved), "enter")
        t.until(saved.exists)
        t.press("f10")
        assert t.wait(60) == 0, t.text
    (folder,) = (site.folder / "state" / "runs").iterdir()
    last = json.loads((folder / "journal.jsonl").read_text().splitlines()[-1])
    assert last["outcome"] == "done"
    shown = _evidence(folder)
    assert set(shown) == set(JOURNEYS["install"])
    again = site.run(saved, seconds=LONG)
    assert again.code == 0, again.story
    assert set(again.outcomes.values()) == {"already"}, again.story
    replayed = _evidence(again.folder)
    for step in JOURNEYS["install"]:
        assert replayed.get(step) == shown.get(step), step
    site.nothing_left(space)


def _evidence(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "evidence.json").read_text())
    return found
