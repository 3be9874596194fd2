"""Never leak, never lie: crashes without values, secrets masked and kept nowhere, no verdict without a finding."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from screens import crash
from screens.app import Wizard
from screens.dialogs import Secrets
from screens.draft import Draft, summary_of
from screens.pages.form import FormPage
from screens.pages.progress import Progress
from screens.pages.review import Review
from screens.pages.verification import Verification
from screens.widgets.matrix import matrix
from tests.screens.conftest import seen, until
from tests.screens.pages import Recorded, app, session
from wizard.answers.form import edit
from wizard.cli import sitting
from wizard.engine.events import Ended, Finding, Grade, Outcome, Planned, PlannedStep, Started
from wizard.engine.redact import redactor

PLANTED = "hunter2-Correct7Horse"


async def test_a_crash_shows_no_value_and_says_where_it_is_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Textual would print local variables; ours prints the place in the code."""
    shown = app(None)()
    with pytest.raises(ZeroDivisionError):
        async with shown.run_test(size=(80, 24)) as pilot:

            def bug() -> None:
                password = PLANTED
                assert password
                _ = 1 / 0

            shown.call_later(bug)
            await pilot.pause()
            await pilot.pause()
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said and PLANTED not in said
    kept = list((tmp_path / "state").glob("crash-*.txt"))
    assert len(kept) == 1 and PLANTED not in kept[0].read_text()
    assert "airgap-wizard attach" in said


def test_a_crash_is_redacted() -> None:
    """The message of an exception may hold a secret: what was learned is taken out."""
    redactor.learn(PLANTED)
    try:
        raise RuntimeError(f"login with {PLANTED} refused")
    except RuntimeError:
        assert PLANTED not in crash.page().plain


async def test_prompted_secrets_are_masked_handed_over_and_written_nowhere(tmp_path: Path) -> None:
    """The run gets them; no file under the state folder, no line of the screen and no argument holds them."""
    made = sitting.rehearsal("healthy")
    made.answers = edit(made.answers, {"registry.password": "prompt"})
    shown = Wizard(made)
    async with shown.run_test(size=(80, 24)) as pilot:
        shown.spine.to_review()
        await until(pilot, lambda: isinstance(shown.screen, Review) and shown.screen.focused)
        await pilot.press("f8")
        await until(pilot, lambda: shown.screen.query("#push-yes"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(shown.screen, Secrets))
        await pilot.press(*(c if c != "-" else "minus" for c in PLANTED))
        assert PLANTED not in "\n".join(seen(shown))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(shown.screen, Progress))
        assert shown.watched is not None
        await until(pilot, lambda: shown.watched and shown.watched.state.over)
        assert shown.watched.state.exit_code == 0, "the registry of the rehearsal took the password"
    for path in (tmp_path / "state" / "runs").rglob("*"):
        if path.is_file():
            assert PLANTED.encode() not in path.read_bytes(), path


async def test_a_password_typed_where_a_reference_belongs_is_not_repeated() -> None:
    """It is refused, and neither Review nor a message shows it."""
    shown = app(lambda _: FormPage("registry"))()
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        await until(pilot, lambda: page.focused)
        page.put("registry.password", PLANTED)  # type: ignore[attr-defined]
        await pilot.pause()
        assert shown.draft.flaws_of("registry")
        assert PLANTED not in summary_of(shown.draft, "registry")
        shown.spine.to_review()
        await until(pilot, lambda: isinstance(shown.screen, Review))
        await pilot.press("down")
        await pilot.pause()
        assert PLANTED not in "\n".join(seen(shown))


def test_what_was_not_tried_is_unknown_and_said_loudly() -> None:
    """No finding, an empty one, a component that could not be looked into: never refused."""
    from screens.glyphs import ASCII

    assert "UNKNOWN" in str(matrix(None, ASCII, 76))
    assert "UNKNOWN" in str(matrix(Finding("egress-refused", Grade.UNKNOWN, "no pod"), ASCII, 76))
    evidence = {
        "matrix": {"gateway": {"1.1.1.1:443": "blocked"}, "bridge": {}},
        "withoutPolicy": {"1.1.1.1:443": "reached"},
    }
    drawn = str(matrix(Finding("egress-refused", Grade.UNKNOWN, "half", evidence=evidence), ASCII, 76))
    row = next(line for line in drawn.splitlines() if line.startswith("1.1.1.1:443"))
    assert row.split() == ["1.1.1.1:443", "refused", "UNKNOWN", "reached"]


async def test_a_run_without_an_egress_check_claims_nothing_about_egress() -> None:
    """The verification page of a journal that has no such finding."""
    watched = Recorded("no-storageclass")
    shown = app(lambda _: Verification(watched), watched)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "UNKNOWN: egress was not tried" in "\n".join(seen(shown))


async def test_a_run_that_was_killed_is_told_as_killed(tmp_path: Path) -> None:
    """Its journal has no end and nobody writes it: that is no success and no running."""
    from screens.watched import Watched
    from wizard.engine.codec import line
    from wizard.engine.folder import Options, make_run_folder

    folder = make_run_folder(Options("install"), "")
    steps = (PlannedStep("one", "One"), PlannedStep("two", "Two"))
    events: list[Any] = [Planned(run="r", journey="install", steps=steps), Started(step="one", title="One")]
    folder.journal.write_bytes(b"".join(map(line, events)))
    watched = Watched(folder)
    shown = app(lambda _: Progress(watched), watched)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: watched.died)
        await until(pilot, lambda: "NOT KNOWN" in "\n".join(seen(shown)))
        assert "KILLED" in "\n".join(seen(shown))
        with folder.journal.open("ab") as file:
            file.write(line(Ended(step="", outcome=Outcome.DONE, evidence={"exitCode": 0})))
        assert json.loads(folder.journal.read_text().splitlines()[-1])["outcome"] == "done"


def test_copies_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to the clipboard went through the filter."""
    redactor.learn(PLANTED)
    taken = io.StringIO()
    shown = Wizard(session())
    monkeypatch.setattr(shown, "copy_to_clipboard", taken.write)
    monkeypatch.setattr(shown, "notify_line", lambda text: None)
    shown.copy(f"token {PLANTED}")
    assert taken.getvalue() and PLANTED not in taken.getvalue()


def test_what_was_typed_is_never_lost(tmp_path: Path) -> None:
    """A text that is no value stays in the form, blocks a run, and does not touch the answers."""
    draft = Draft(session().answers)
    before = draft.answers
    assert draft.type("cluster.volumeSize", "lots") != ""
    assert draft.text("cluster.volumeSize") == "lots" and draft.answers == before
    assert [f.path for f in draft.flaws()] == ["cluster.volumeSize"]
    assert draft.type("cluster.volumeSize", "30Gi") == ""
    assert draft.answers.cluster.volume_size == "30Gi" and not draft.flaws()
    draft.save(tmp_path / "new" / "answers.yaml")
    assert "30Gi" in (tmp_path / "new" / "answers.yaml").read_text() and not draft.changed
