"""Why it does not work: ranked causes with what to do and what they rest on; of a run, of its site, or of a bundle."""

from collections.abc import Iterable

from textual import on
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.frame import Page, Rule
from screens.meanwhile import meanwhile
from screens.widgets import causes
from screens.widgets.push import Push
from screens.widgets.text import Words, content
from wizard.diagnosis.cause import Diagnosis, RootCause
from wizard.diagnosis.text import clean
from wizard.engine.folder import RunFolder
from wizard.engine.problems import Problem


class Diagnose(Page):
    """The same as `airgap-wizard diagnose`. What the run's folder tells is there at once; the site is asked meanwhile."""

    heading = "Diagnosis"
    topic = "diagnosis"
    next_label = ""
    again_label = "Again"
    DEFAULT_CSS = """
    Diagnose #causes { height: auto; max-height: 7; }
    Diagnose #all { height: 1fr; }
    """

    def __init__(self, folder: RunFolder | None = None, found: Diagnosis | None = None) -> None:
        super().__init__()
        self.of, self.found = folder, found
        self.problem: Problem | None = None
        self.live = True
        self.busy = False
        self.looking = 0
        """Number of the last look that was begun: an older one that ends later says nothing any more."""
        self._shown: list[str] = []
        self._code = ""
        """The row under the cursor, as it is recognised after another look."""

    @property
    def folder(self) -> RunFolder | None:
        return self.of

    @property
    def rehearsal(self) -> str:
        return world_of(self.of)

    def body(self) -> Iterable[Widget]:
        """The causes; below, everything about the one under the cursor."""
        yield OptionList(id="causes", compact=True)
        yield Rule()
        with VerticalScroll(id="all"):
            yield Words(id="words")

    def buttons(self) -> list[tuple[str, str]]:
        rows = [("explain", "Explain"), ("copy", "Copy command")]
        if self.of is not None:
            rows += [("again", "Look again"), ("way", self.way_label)]
        return [*rows, ("back", "Back")]

    @property
    def way_label(self) -> str:
        """The other way of looking."""
        return "From the run alone" if self.live else "Ask the site"

    def offers(self, action: str) -> bool:
        """A bundle does not change."""
        return super().offers(action) and not (action == "again" and self.of is None)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        if self.of is None:
            self.redraw()
        else:
            self.press_again()

    def on_resize(self) -> None:
        """Other widths."""
        if self._shown:
            self.redraw()

    # ---- looking

    def press_again(self) -> None:
        """F5: the run's folder, which takes no time, and the site as it is now, which may."""
        assert self.of is not None
        self.looking += 1
        self.look(self.looking, live=False)

    def look(self, number: int, *, live: bool) -> None:
        """One look, in a thread."""
        diagnose, folder = self.wizard.session.diagnose, self.of
        assert diagnose is not None and folder is not None
        self.busy = True
        where = "asking the site as it is now …" if live else "reading the run …"
        self.notice(where, fades=False)
        meanwhile(self, lambda: diagnose(folder, live), lambda result: self.looked(number, result, live))

    def looked(self, number: int, result: Diagnosis | Problem, live: bool) -> None:
        """What came of it. A site that cannot be asked takes nothing away from what the run told."""
        if number != self.looking:
            return
        self.busy = False
        self.notice("")
        if isinstance(result, Diagnosis):
            self.found, self.problem = result, None
        elif live and self.found is not None:
            self.notice(f"the site could not be asked: {result.title}", fades=False)
            self.say_where(False)
            return
        else:
            self.problem = result
        self.say_where(live)
        self.redraw()
        if self.live and not live:
            self.look(number, live=True)

    def say_where(self, live: bool) -> None:
        """What was looked at."""
        what = f"Run {self.of.id}" if self.of else ""
        site = " and its site, as it is now" if live else ", from its folder alone"
        self.query_one("#why", Words).say(f"{what}{site}. Tab: into the text below; the arrows scroll it.")

    def press_way(self) -> None:
        """The run alone, or the site too."""
        self.live = not self.live
        self.query_one("#push-way", Push).relabel(self.way_label)
        self.press_again()

    # ---- showing

    def redraw(self) -> None:
        """All rows; the cursor stays on its cause."""
        options = self.query_one(OptionList)
        if self.found is None:
            if self.problem is not None:
                self.query_one("#words", Words).say(causes.problem_text(self.problem, self.size.width - 4))
            return
        if self.of is None:
            self.query_one("#why", Words).say(clean(self.found.subject) + ". Tab: into the text below.")
        before = self._code
        rows = causes.rows(self.found, self.size.width - 4, self.wizard.glyphs)
        self._shown = [key for key, _ in rows]
        options.clear_options()
        options.add_options([Option(content(line), id=key) for key, line in rows])
        codes = [self.code_of(key) for key in self._shown]
        options.highlighted = codes.index(before) if before in codes else 0
        self.over(self._shown[options.highlighted])

    def code_of(self, key: str) -> str:
        """What stays the same of a row from one look to the next."""
        cause = self.cause_of(key)
        return cause.code + cause.title if cause else key

    def cause_of(self, key: str) -> RootCause | None:
        """The cause that a row is about."""
        kind, _, number = key.partition("-")
        return self.found.causes[int(number)] if self.found and kind == "cause" else None

    @property
    def key_here(self) -> str:
        """The row under the cursor."""
        index = self.query_one(OptionList).highlighted
        return self._shown[index] if index is not None and index < len(self._shown) else ""

    @on(OptionList.OptionHighlighted)
    def _over(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id in self._shown:
            self.over(str(event.option.id))

    def over(self, key: str) -> None:
        """What is under the cursor, in full."""
        if self.found is None:
            return
        self._code = self.code_of(key)
        if self.query_one("#words", Words).say(causes.text(self.found, key, self.size.width - 4)):
            self.query_one("#all").scroll_home(animate=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#all").focus()

    def press_explain(self) -> None:
        """The page of the cause under the cursor."""
        from screens.pages.help import Help
        from screens.widgets.findings import explained

        cause = self.cause_of(self.key_here)
        if cause is None:
            self.notice("There is no cause under the cursor.")
            return
        self.app.push_screen(Help(clean(cause.code, 60), explained(cause.code) or "There is no page for it."))

    def press_copy(self) -> None:
        """The commands of the cause under the cursor."""
        cause = self.cause_of(self.key_here)
        if cause is None or not causes.commands(cause):
            self.notice("There is no command to copy here.")
            return
        self.wizard.copy(causes.commands(cause))


def world_of(folder: RunFolder | None) -> str:
    """The simulated site that a run acted on."""
    if folder is None:
        return ""
    try:
        return folder.options().rehearse
    except Problem:
        return ""
