"""The first page: what this is, and the ways to begin."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.dialogs import Pick
from screens.frame import Page
from screens.widgets.text import Words, content
from wizard.engine.folder import run_folders
from wizard.engine.journal import being_written

_ABOUT = """\
opencost-ai answers questions about what a Kubernetes cluster costs, with a language model that runs in the \
cluster itself. This wizard brings its images, its model and its chart into a place with no internet, and then \
proves two things: that everything arrived as it was, and that nothing gets out.

You answer a few pages, see on one page what would be done, and say yes. Nothing is changed before that."""


class Welcome(Page):
    """Enter chooses."""

    heading = "Welcome"
    topic = "welcome"
    next_label = "Begin"
    back_label = ""
    DEFAULT_CSS = """
    Welcome #about { margin: 1 0; }
    Welcome OptionList { height: auto; max-height: 10; margin-bottom: 1; }
    """

    def body(self) -> Iterable[Widget]:
        """About, the site where it is a rehearsal, and the choices."""
        session = self.wizard.session
        if session.world:
            yield Words(
                f"A rehearsal on the simulated site “{session.world}”: the registries, bytes and digests are real, on "
                f"this machine; the cluster is not. Nothing real is touched.\n\n{session.story.strip()}",
                id="about",
            )
        else:
            yield Words(_ABOUT, id="about")
        yield OptionList(
            *(Option(content(text), id=name) for name, text in self.choices()), id="choices", compact=True
        )

    def choices(self) -> list[tuple[str, str]]:
        """What one can begin with."""
        session, draft = self.wizard.session, self.wizard.draft
        ready = not draft.flaws()
        rows = [("begin", "Begin: go through the answers page by page")]
        hub = "nothing is missing" if ready else f"{len(draft.flaws())} answers are still needed"
        rows.append(("review", f"Straight to Review: all answers on one page ({hub})"))
        if others := ", ".join(name for name, _ in session.journeys if name != draft.answers.journey):
            rows.append(("journey", f"Something else than {draft.answers.journey}: {others}"))
        if session.rehearse:
            rows.append(("rehearse", "Rehearse on another simulated site" if session.world else
                         "Rehearse first, on a simulated site: nothing real is touched"))  # fmt: skip
        if text := runs_line():
            rows.append(("runs", text))
        return rows

    def on_mount(self) -> None:
        """The first choice has the cursor."""
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    def buttons(self) -> list[tuple[str, str]]:
        return [("next", "Begin"), ("leave", "Leave")]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.press(str(event.option.id))

    def press_next(self) -> None:
        """Begin with what the cursor is on, or at the beginning."""
        self.press_begin()

    def press_begin(self) -> None:
        """The first section."""
        self.wizard.spine.go_on(self)

    def press_review(self) -> None:
        """The hub."""
        self.wizard.spine.to_review()

    def press_runs(self) -> None:
        """Past runs."""
        self.wizard.action_runs()

    def press_leave(self) -> None:
        """Out."""
        self.wizard.action_leave()

    def press(self, name: str) -> None:
        """One of the choices or buttons."""
        if name == "journey":
            self.pick_journey()
        else:
            super().press(name)

    def pick_journey(self) -> None:
        """Another journey for the same answers."""

        def chosen(name: str | None) -> None:
            if name:
                self.wizard.draft.choose_journey(name)
                self.refresh(recompose=True)

        rows = [(n, f"{n:10} {text}") for n, text in self.wizard.session.journeys]
        self.app.push_screen(Pick("What is to be done?", rows), chosen)

    def press_rehearse(self) -> None:
        """A simulated site."""
        session = self.wizard.session
        assert session.rehearse is not None
        make = session.rehearse

        def chosen(name: str | None) -> None:
            if name:
                self.wizard.use(make(name))

        rows = [(site.name, f"{site.name:22} {site.title}") for site in session.sites()]
        self.app.push_screen(
            Pick("Which site? All but the healthy one have something wrong to find.", rows), chosen
        )


def runs_line() -> str:
    """The line about runs: one that goes on is named first."""
    folders = run_folders()
    if not folders:
        return ""
    going = [f for f in folders if being_written(f.journal)]
    if going:
        return f"Watch the run that goes on now ({going[-1].id})"
    return f"Past runs ({len(folders)})"
