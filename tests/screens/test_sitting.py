"""What a sitting begins with: found rather than asked, or from a file; and what is never found."""

import json
from pathlib import Path

import pytest

from screens.app import Wizard
from screens.draft import Draft
from screens.pages.form import FieldLine, FormPage
from screens.pages.review import Review
from tests.screens.conftest import seen, until
from wizard.answers.model import Answers, Journey
from wizard.cli import found, sitting
from wizard.steps import JOURNEYS

SECRET = "dXNlcjpodW50ZXIy"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder as an operator has it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    for name in ("KUBECONFIG", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    (folder / ".kube").mkdir(parents=True)
    (folder / ".kube" / "config").write_text(
        "current-context: site-b\ncontexts: [{name: site-a, context: {}}, {name: site-b, context: {}}]\n"
        f"users: [{{name: u, user: {{token: {SECRET}}}}}]\n"
    )
    (folder / ".docker").mkdir()
    (folder / ".docker" / "config.json").write_text(
        json.dumps({"auths": {"https://index.docker.io/v1/": {}, "registry.site.example": {"auth": SECRET}}})
    )
    manifests = folder / ".ollama" / "models" / "manifests" / "registry.ollama.ai" / "library" / "granite4.1"
    manifests.mkdir(parents=True)
    (manifests / "8b").write_text("{}")
    monkeypatch.chdir(folder)
    (folder / "opencost-ai-0.1.0.tgz").write_bytes(b"")
    (folder / "site.airgap").write_bytes(b"")
    return folder


def answers() -> Answers:
    """From nothing."""
    return Answers(journey=Journey.INSTALL)


def test_what_is_there_is_found_and_no_secret_with_it(home: Path) -> None:
    """Kubeconfigs, contexts, registries with credentials, models, bundles and charts; public registries are not ours."""
    values = {
        path: [f.value for f in finder(answers())] for path, finder in found.FINDERS.items() if path in SAFE
    }
    assert values == {
        "cluster.kubeconfig": [str(home / ".kube" / "config")],
        "registry.host": ["registry.site.example"],
        "model.name": ["granite4.1:8b"],
        "media.bundle": [str(home / "site.airgap")],
        "chart.source": [str(home / "opencost-ai-0.1.0.tgz")],
    }
    from wizard.answers.form import edit

    named = edit(answers(), {"cluster.kubeconfig": str(home / ".kube" / "config")})
    assert [f.value for f in found.contexts(named)] == ["site-b", "site-a"], "the current one first"
    assert SECRET not in str(values)


SAFE = ("cluster.kubeconfig", "registry.host", "model.name", "media.bundle", "chart.source")


def test_what_cannot_be_read_is_nothing_found(home: Path) -> None:
    """A broken file is not the form's trouble."""
    (home / ".docker" / "config.json").write_text("{not json")
    (home / ".kube" / "config").write_text(": : :\n  - [")
    assert found.registries(answers()) == []
    from wizard.answers.form import edit

    assert found.contexts(edit(answers(), {"cluster.kubeconfig": str(home / ".kube" / "config")})) == []


async def test_empty_answers_are_filled_in_with_what_is_found_and_say_so(home: Path) -> None:
    """Of a sitting that came from no file; a value that is there already is left alone."""
    app = Wizard(sitting.real(None))
    async with app.run_test(size=(80, 24)) as pilot:
        page = FormPage("registry")
        await app.push_screen(page)
        await until(pilot, lambda: app.draft.answers.registry.host == "registry.site.example")
        await until(pilot, lambda: "found" in "\n".join(seen(app)))
        line = page.line("registry.prefix")
        assert isinstance(line, FieldLine) and app.draft.text("registry.prefix") == "opencost-ai"


async def test_a_file_fills_the_wizard_in_also_where_something_is_missing(tmp_path: Path) -> None:
    """`--answers-file F --tui`: what is missing is mended in the form, not refused at the door."""
    path = tmp_path / "answers.yaml"
    path.write_text("apiVersion: airgap-wizard/v1\njourney: install\nregistry: {host: r.example}\n")
    app = Wizard(sitting.real(path))
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.draft.answers.registry.host == "r.example"
        app.spine.to_review()
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.focused)
        text = "\n".join(seen(app))
        assert "1 TO MEND" in text and "r.example" in text
        await pilot.press("f8")
        await until(pilot, lambda: "cannot be run yet" in "\n".join(seen(app)))


async def test_the_palette_has_every_action_and_reaches_a_section() -> None:
    """Ctrl+P, some letters, Enter."""
    app = Wizard(sitting.rehearsal("healthy"))
    async with app.run_test(size=(80, 24)) as pilot:
        names = [name for name, _ in app.palette.named_actions()]
        await pilot.press("ctrl+p")
        assert {"help", "look", "runs", "leave", "section:cluster", "theme:none", "glyphs:ascii"} <= set(
            names
        )
        await until(pilot, lambda: app.screen.query("OptionList"))
        await pilot.press(*"edit", "space", *"cluster", "enter")
        await until(pilot, lambda: isinstance(app.screen, FormPage) and app.screen.section == "cluster")


async def test_colours_and_signs_change_as_they_are_chosen() -> None:
    """F4: the page under the dialog is painted anew."""
    app = Wizard(sitting.rehearsal("healthy"))
    async with app.run_test(size=(80, 24)) as pilot:
        app.spine.to_review()
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.focused)
        assert "✓ complete" in "\n".join(seen(app))
        await pilot.press("f4")
        await until(pilot, lambda: app.screen.query("OptionList"))
        await pilot.press("end", "enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, Review))
        await until(pilot, lambda: "+ complete" in "\n".join(seen(app)))
        assert "\n".join(seen(app)).isascii()


async def test_leaving_with_answers_that_are_in_no_file_asks_first(home: Path) -> None:
    """Nothing is lost by a key."""
    app = Wizard(sitting.real(None))
    async with app.run_test(size=(80, 24)) as pilot:
        app.spine.to_review()
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.focused)
        await pilot.press("f10")
        await until(pilot, lambda: "Leave without saving?" in "\n".join(seen(app)))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Review))


def test_a_run_names_its_answers_as_one_would_type_them(tmp_path: Path) -> None:
    """`Options.said`: the file where it holds these answers, the site of a rehearsal as it came, else the run's copy."""
    path = tmp_path / "answers.yaml"
    path.write_text("apiVersion: airgap-wizard/v1\njourney: install\nregistry: {host: r.example}\n")
    draft = Draft.begun(sitting.real(path))
    assert draft.said("") == ("--answers-file", str(path))
    draft.type("registry.host", "other.example")
    assert draft.said("") == (), "no file holds them any more"
    draft.save(tmp_path / "other.yaml")
    assert draft.said("") == ("--answers-file", str(tmp_path / "other.yaml"))
    rehearsed = Draft.begun(sitting.rehearsal("no-storageclass"))
    assert rehearsed.said("no-storageclass") == ("--rehearse", "no-storageclass")
    assert rehearsed.said("healthy") == (), "mended: the healthy site comes with other answers"
    assert Draft.begun(sitting.real(None)).said("") == ()


async def test_what_else_there_is_to_do_is_what_can_be_done() -> None:
    """No journey is offered that cannot be run."""
    shown = Wizard(sitting.rehearsal("healthy"))
    async with shown.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: any("Something else than install" in line for line in seen(shown)))
        (offered,) = (line for line in seen(shown) if "Something else" in line)
        assert offered.strip() == "Something else than install: " + ", ".join(set(JOURNEYS) - {"install"})
