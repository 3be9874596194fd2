"""The Diagnose page and the preview of a support bundle: the same as the commands say, fresh on a key, never in the way."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from screens.app import Wizard
from screens.pages.diagnosis import Diagnose
from screens.pages.failure import Failure
from screens.pages.help import Help
from screens.pages.parcel import Parcel
from screens.pages.progress import Progress
from screens.pages.reading import Reading
from screens.pages.runs import Runs
from screens.pages.support import Support
from tests.screens.conftest import seen, until
from tests.screens.pages import FOLDER, app, parcel
from wizard.cli import sitting
from wizard.cli.main import dispatch
from wizard.diagnosis.cause import Diagnosis, Gap, RootCause, Sure
from wizard.engine.events import Remedy
from wizard.engine.folder import Options, RunFolder
from wizard.engine.problems import Problem


async def test_from_a_failed_run_to_its_cause_and_to_a_bundle_that_tells_the_same_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """F5 on the failure page, F9, F8, and the file opened again: one diagnosis, that of `airgap-wizard diagnose`."""
    shown = Wizard(sitting.rehearsal("quota-tight"))
    async with shown.run_test(size=(80, 24)) as pilot:
        shown.launching.start(Options("install", rehearse="quota-tight"), sure=True)
        await until(pilot, lambda: isinstance(shown.screen, Progress) and shown.screen.ready)
        await until(pilot, lambda: shown.watched and shown.watched.state.over)
        await until(pilot, lambda: "What happened" in "\n".join(seen(shown)))
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(shown.screen, Failure) and shown.screen.ready)
        assert "F5 Diagnose" in seen(shown)[-1]
        await pilot.press("f5")
        page = await until(
            pilot, lambda: isinstance(shown.screen, Diagnose) and shown.screen.found and shown.screen
        )
        await until(pilot, lambda: "as it is now" in "\n".join(seen(shown)) and not page.busy)
        text = "\n".join(seen(shown))
        assert "1. CERTAIN" in text and "What to do" in text and "REHEARSAL quota-tight" in text
        await pilot.click("#push-explain")
        await until(pilot, lambda: isinstance(shown.screen, Help) and "WHAT TO DO" in str(shown.screen.text))
        await pilot.press("f7", "f9")
        await until(pilot, lambda: isinstance(shown.screen, Support) and shown.screen.bundle)
        await until(pilot, lambda: "run/journal.jsonl" in str(shown.screen.names))  # type: ignore[attr-defined]
        file = tmp_path / "carried.tar"
        await pilot.press("f8")
        line = await until(pilot, lambda: shown.screen.query("Input"))
        line.first().value = str(file)
        await pilot.press("enter")
        await until(pilot, lambda: "Support bundle written" in "\n".join(seen(shown)))
        assert file.stat().st_mode & 0o777 == 0o600
        causes = [c.code for c in page.found.causes]
        assert shown.watched is not None
    assert dispatch(["diagnose", "--run", shown.watched.folder.id, "--output", "json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert causes == [c["code"] for c in said["causes"]]
    commands = [r.command for c in page.found.causes for r in c.remedies]
    assert commands == [r["command"] for c in said["causes"] for r in c["remedies"]]
    elsewhere = Wizard(sitting.real(None), opened=sitting.opened(file))
    async with elsewhere.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(elsewhere.screen, Parcel) and elsewhere.screen.keys)
        await pilot.press("enter")
        other = await until(pilot, lambda: isinstance(elsewhere.screen, Diagnose) and elsewhere.screen)
        assert [c.code for c in other.found.causes] == causes


# ---- one look and the next


def cause(code: str, command: str = "airgap-wizard run") -> RootCause:
    """One that is sure."""
    return RootCause(code, f"the title of {code}", Sure.CERTAIN, (), (Remedy("mend it", command),))


Answer = Callable[[bool], Diagnosis]


def page_of(answer: Answer) -> Wizard:
    """The page of a run that is diagnosed so."""
    return app(lambda _: Diagnose(FOLDER), diagnose=lambda folder, live: answer(live))()


async def test_a_look_again_keeps_the_cursor_on_its_cause() -> None:
    found = [Diagnosis((cause("one"), cause("two"))), Diagnosis((cause("new"), cause("one"), cause("two")))]
    now = 0
    shown = page_of(lambda live: found[now])
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Diagnose)
        await until(pilot, lambda: page.found and not page.busy)
        await pilot.press("down")
        await until(pilot, lambda: "the title of two" in str(page.query_one("#words").said))  # type: ignore[attr-defined]
        now = 1
        await pilot.press("f5")
        await until(pilot, lambda: page.found is found[1] and not page.busy)
        assert page.key_here == "cause-2"
        now = 0
        await pilot.press("f5")
        await until(pilot, lambda: page.found is found[0] and not page.busy)
        assert page.key_here == "cause-1"


async def test_a_site_that_cannot_be_asked_takes_nothing_from_what_the_run_told() -> None:
    """The folder's causes are there before the site has answered, and stay where it never does."""
    asked = threading.Event()

    def answer(live: bool) -> Diagnosis:
        if live:
            asked.wait(60)
            raise Problem("kubeconfig-missing", "there is no kubeconfig")
        return Diagnosis((cause("one"),))

    shown = page_of(answer)
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the title of one" in "\n".join(seen(shown)))
        assert "asking the site" in "\n".join(seen(shown))
        asked.set()
        await until(
            pilot, lambda: "the site could not be asked: there is no kubeconfig" in "\n".join(seen(shown))
        )
        text = "\n".join(seen(shown))
        assert "the title of one" in text and "from its folder alone" in text


async def test_leaving_does_not_wait_for_a_site_that_hangs() -> None:
    """F10 ends the wizard while the site still is asked; what comes of it later is told to nobody."""
    hung = threading.Event()

    def answer(live: bool) -> Diagnosis:
        if live:
            hung.wait(60)
        return Diagnosis()

    shown = page_of(answer)
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "asking the site" in "\n".join(seen(shown)))
        await pilot.press("f10")
    assert shown.return_code == 0
    hung.set()


async def test_nothing_found_is_no_good_news_where_something_is_not_known() -> None:
    shown = page_of(lambda live: Diagnosis(gaps=(Gap("events", "may not list events"),)))
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "no cause was found" in "\n".join(seen(shown)))
        text = "\n".join(seen(shown))
        assert "? no cause was found" in text and "may hold one" in text
        await pilot.press("down")
        await until(pilot, lambda: "may not list events" in "\n".join(seen(shown)))


async def test_a_run_that_cannot_be_looked_at_says_why_and_what_to_do() -> None:
    def answer(live: bool) -> Diagnosis:
        raise Problem(
            "world-not-found", "there is no site x", remedies=(Remedy("see them", "airgap-wizard run"),)
        )

    shown = page_of(answer)
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "there is no site x" in "\n".join(seen(shown)))
        assert "$ airgap-wizard run" in "\n".join(seen(shown))


async def test_the_command_is_copied_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of several lines, which stands below its sentence line by line."""
    command = "kubectl apply -f - <<'EOF'\nkind: Namespace\nEOF"
    shown = page_of(lambda live: Diagnosis((cause("one", command),)))
    taken: list[str] = []
    async with shown.run_test(size=(80, 24)) as pilot:
        monkeypatch.setattr(shown, "copy_to_clipboard", taken.append)
        await until(pilot, lambda: "kind: Namespace" in "\n".join(seen(shown)))
        lines = [line.strip(" │█|#") for line in seen(shown)]
        at = lines.index("$ kubectl apply -f - <<'EOF'")
        assert lines[at + 1 : at + 3] == ["kind: Namespace", "EOF"]
        await pilot.click("#push-copy")
        await until(pilot, lambda: taken == [command])


async def test_any_run_of_the_list_is_diagnosed_and_previewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs: the button, and F9, act on the run under the cursor."""
    asked: list[RunFolder] = []

    def diagnose(folder: RunFolder, live: bool) -> Diagnosis:
        asked.append(folder)
        return Diagnosis((cause("one"),))

    shown = app(lambda _: Runs(), diagnose=diagnose)()
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Runs)
        page.folders = [RunFolder(Path("/nowhere/a")), RunFolder(Path("/nowhere/b"))]
        page.query_one("#runs").clear_options().add_options(["a", "b"]).highlighted = 1  # type: ignore[attr-defined]
        await pilot.click("#push-diagnose")
        await until(pilot, lambda: isinstance(shown.screen, Diagnose) and shown.screen.found)
        assert {folder.id for folder in asked} == {"b"}
        await pilot.press("f7", "f9")
        await until(pilot, lambda: isinstance(shown.screen, Support) and shown.screen.bundle)
        assert shown.screen.of.id == "b"  # type: ignore[attr-defined]


async def test_the_preview_shows_files_as_they_would_leave_and_names_what_was_taken_out() -> None:
    """By file and rule; what was not got is no pass; with pseudonyms it is gathered anew."""
    asked: list[bool] = []

    def gather(folder: RunFolder, pseudonyms: bool) -> object:
        asked.append(pseudonyms)
        return parcel("pull-401").bundle

    shown = app(lambda _: Support(FOLDER), gather=gather)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "run/answers.yaml   taken out: 1 named" in "\n".join(seen(shown)))
        text = "\n".join(seen(shown))
        assert "1 named, 2 query-text" in text and "Nothing is sent anywhere" in text
        assert "refused" in text and "secrets is forbidden" in text
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(shown.screen, Reading) and "listening on" in "\n".join(seen(shown))
        )
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(shown.screen, Support))
        await pilot.click("#push-pseudonyms")
        await until(pilot, lambda: asked == [False, True] and "Pseudonyms: on" in "\n".join(seen(shown)))


async def test_a_bundle_that_cannot_be_written_says_so() -> None:
    def write(bundle: object, path: Path) -> int:
        raise Problem("support-bundle-not-written", f"the support bundle {path} cannot be written")

    shown = app(lambda _: Support(FOLDER), write=write)()
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Support)
        await until(pilot, lambda: page.bundle)
        page.named("/nowhere/x.tar")
        await until(pilot, lambda: "/nowhere/x.tar cannot be written" in "\n".join(seen(shown)))


async def test_a_file_that_is_there_is_replaced_only_after_a_yes(tmp_path: Path) -> None:
    """A slip of the finger costs nobody their answers."""
    file = tmp_path / "answers.yaml"
    file.write_text("mine")
    written: list[Path] = []
    shown = app(lambda _: Support(FOLDER), write=lambda bundle, path: written.append(path) or 1)()
    async with shown.run_test(size=(80, 24)) as pilot:
        page = shown.screen
        assert isinstance(page, Support)
        await until(pilot, lambda: page.bundle)
        for keys, after in ((("enter",), []), (("right", "enter"), [file])):
            page.named(str(file))
            await until(pilot, lambda: shown.screen.query("#push-yes") and shown.screen.focused)
            await pilot.press(*keys)
            await until(pilot, lambda: not shown.screen.query("#push-yes"))
            assert written == after
