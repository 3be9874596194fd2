"""The whole spine with keys alone, on a rehearsed site, to the end; and its answers replayed without a terminal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from screens.app import Wizard
from screens.pages.done import Done
from screens.pages.form import FormPage
from screens.pages.progress import Progress
from screens.pages.review import Review
from screens.pages.verification import Verification
from tests.real.process import wait_until
from tests.screens.conftest import until
from wizard.cli import sitting
from wizard.cli.main import dispatch
from wizard.engine.folder import RunFolder, run_folders


async def to_review(app: Wizard, pilot: Any) -> list[str]:
    """From the first page through every section with F8; the sections' headings."""
    await pilot.press("enter")
    passed = []
    while True:
        await until(pilot, lambda: isinstance(app.screen, FormPage | Review) and app.screen.focused)
        if isinstance(app.screen, Review):
            return passed
        passed.append(app.screen.section)
        await pilot.press("f8")
        await pilot.pause()


async def begin(app: Wizard, pilot: Any) -> None:
    """From Review: F8, then Yes, which is the second button."""
    await pilot.press("f8")
    await until(pilot, lambda: app.screen.query("#push-yes"))
    assert app.screen.focused and app.screen.focused.id == "push-no", "No has the focus"
    await pilot.press("right", "enter")
    await until(pilot, lambda: isinstance(app.screen, Progress) and app.screen.ready)


async def test_keys_alone_lead_from_welcome_to_done_and_the_answers_replay_with_equal_evidence(
    tmp_path: Path,
) -> None:
    app = Wizard(sitting.rehearsal("healthy"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert await to_review(app, pilot) == [
            "media",
            "registry",
            "images",
            "model",
            "cluster",
            "chart",
            "proof",
        ]
        await begin(app, pilot)
        assert app.watched is not None
        await until(pilot, lambda: app.watched and app.watched.state.over)
        assert app.watched.state.exit_code == 0
        await until(pilot, lambda: app.screen.next_label == "Results")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Verification))
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, Done) and app.screen.focused)
        saved = tmp_path / "saved.yaml"
        await pilot.press("f2")
        await until(pilot, lambda: app.screen.query("Input"))
        app.screen.query_one("Input").value = ""  # type: ignore[attr-defined]
        await pilot.press(*keys(str(saved)), "enter")
        await until(pilot, saved.exists)
        evidence = json.loads(app.watched.folder.evidence.read_text())
    before = len(run_folders())
    assert dispatch(["run", "--answers-file", str(saved), "--rehearse", "healthy", "--format", "jsonl"]) == 0
    assert len(run_folders()) == before + 1
    again = json.loads(run_folders()[-1].evidence.read_text())
    one, other = run_folders()[-2:]
    written(one)
    written(other)
    kept = {"answers.yaml", "options.json", "journal.jsonl", "evidence.json", "summary.txt", "process.log"}
    assert all(kept <= {p.name for p in folder.path.iterdir()} for folder in (one, other))
    assert one.answers.read_text() == other.answers.read_text()
    assert replace(one.options(), said=()) == replace(other.options(), said=()), (
        "the same run, whoever began it"
    )
    for step in ("mirror-images", "carry-model", "write-values", "verify"):
        assert again[step] == evidence[step], step


def written(folder: RunFolder) -> None:
    """Wait until the run's process has put its last file where it belongs."""
    wait_until(folder.summary.exists, folder.summary)


def keys(text: str) -> list[str]:
    """A text as key presses."""
    names = {"/": "slash", "-": "minus", "_": "underscore", ".": "full_stop", " ": "space"}
    return [names.get(c, c) for c in text]
