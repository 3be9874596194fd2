"""The hub: every section a row with its verdict and its chosen values; every step a row with what it will do."""

from collections.abc import Iterable

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.draft import summary_of, title_of, why_of
from screens.frame import Page, Rule
from screens.widgets.push import Push
from screens.widgets.text import Words, content, cut, joined, pad
from wizard.engine.events import Grade
from wizard.engine.folder import Options

_HEAD = 24
_WORD = 12


class Review(Page):
    """Enter on a section edits it and comes back; Enter on a step shows all it will do."""

    heading = "Review"
    topic = "review"
    why = "Everything on one page. Enter opens what is under the cursor and comes back."
    begin_label = "Begin the run"
    DEFAULT_CSS = """
    Review #rows { height: 1fr; }
    Review #detail { height: 5; }
    Review.wide #split { layout: horizontal; }
    Review.wide #rows { width: 3fr; height: 1fr; }
    Review.wide #detail { width: 2fr; height: 1fr; padding-left: 1; }
    Review.wide #split Rule { display: none; }
    """

    ready = False

    @property
    def next_label(self) -> str:  # type: ignore[override]
        """A run that goes on is shown, not begun a second time."""
        return "Watch the run" if self.wizard.showing.goes_on else self.begin_label

    @property
    def position(self) -> str:
        total = len(self.wizard.spine.sections()) + 1
        return f"{total}/{total}"

    def body(self) -> Iterable[Widget]:
        """The rows, and what is under the cursor below or beside them."""
        with Vertical(id="split"):
            yield OptionList(id="rows", compact=True)
            yield Rule()
            with VerticalScroll(id="detail", can_focus=False):
                yield Words(id="words")

    def buttons(self) -> list[tuple[str, str]]:
        return [
            ("next", self.next_label),
            ("again", "Check the site first"),
            ("save", "Save answers"),
            ("back", "Back"),
        ]

    def on_mount(self) -> None:
        """Cursor on the first row that asks for something."""
        self.ready = True
        self.fill()
        rows = self.query_one("#rows", OptionList)
        wanting = [n for n, s in enumerate(self.wizard.spine.sections()) if self.wizard.draft.flaws_of(s)]
        rows.highlighted = wanting[0] if wanting else 0
        self.over(str(rows.get_option_at_index(rows.highlighted).id))
        rows.focus()
        if not wanting and not self.wizard.draft.flaws():
            self.query_one("#push-next").focus()

    def on_resize(self) -> None:
        """Side by side where there is room."""
        self.set_class(self.size.width >= 120, "wide")
        if self.query("#rows"):
            self.fill()

    def on_screen_resume(self) -> None:
        """Values may have changed."""
        if self.ready:
            self.fill()
            self.query_one("#push-next", Push).relabel(self.next_label)

    def redraw(self) -> None:
        """Other signs."""
        self.fill()

    def fill(self) -> None:
        """All rows."""
        options = self.query_one("#rows", OptionList)
        where = options.highlighted
        options.clear_options()
        options.add_options([self.section_row(s) for s in self.wizard.spine.sections()])
        options.add_option(self.checks_row())
        options.add_option(Option(content("What the run will do, in this order"), disabled=True))
        for number, step in enumerate(self.wizard.session.steps(self.wizard.draft.answers), start=1):
            mark = "changes" if step.changes else "looks"
            text = f"  {number:2} {pad(step.title, self.room - 15, self.wizard.glyphs.ellipsis)} {mark}"
            options.add_option(Option(content(text), id=f"step-{step.id}"))
        if where is not None:
            options.highlighted = min(where, options.option_count - 1)
            options.scroll_to_highlight()
            self.over(str(options.get_option_at_index(options.highlighted).id))

    @property
    def room(self) -> int:
        """Columns of a row."""
        return (self.size.width * 3 // 5 if self.size.width >= 120 else self.size.width) - 4

    def section_row(self, section: str) -> Option:
        """Title, verdict, values."""
        draft, signs = self.wizard.draft, self.wizard.glyphs
        flaws = draft.flaws_of(section)
        word = (
            (f"{signs.failed} {len(flaws)} TO MEND", "$error bold")
            if flaws
            else (f"{signs.passed} complete", "$success")
        )
        values = summary_of(draft, section) or "defaults"
        text = joined(
            pad(title_of(section), _HEAD, signs.ellipsis), " ", (pad(word[0], _WORD), word[1]), " ",
            cut(values, self.room - _HEAD - _WORD - 2, signs.ellipsis),
        )  # fmt: skip
        return Option(text, id=f"section-{section}")

    def checks_row(self) -> Option:
        """What the last look at the site said."""
        signs, looked = self.wizard.glyphs, self.wizard.checked
        if looked is None:
            parts = joined(pad("Checks of the site", _HEAD), " ", pad(f"{signs.waiting} not yet", _WORD),
                           " F5 looks; a run begins with them too")  # fmt: skip
            return Option(parts, id="checks")
        state = looked.state
        count = {g: sum(f.grade is g for f in looked.verdicts.values()) for g in Grade}
        bad, odd = count[Grade.FAIL], count[Grade.UNKNOWN] + count[Grade.WARN]
        if looked.going:
            word, style = f"{signs.active} looking", "bold"
        elif bad or state.problem or looked.died:
            word, style = f"{signs.failed} FAILED", "$error bold"
        elif odd:
            word, style = f"{signs.warned} see", "$warning bold"
        else:
            word, style = f"{signs.passed} passed", "$success"
        tally = ", ".join(f"{n} {signs.grade(g)[2:]}" for g, n in count.items() if n)
        return Option(
            joined(pad("Checks of the site", _HEAD), " ", (pad(word, _WORD), style), f" {tally}"), id="checks"
        )

    def follow(self) -> None:
        """A look at the site that goes on."""
        if self.wizard.checked and self.wizard.checked.version != getattr(self, "_seen", -1):
            self._seen = self.wizard.checked.version
            self.fill()

    @on(OptionList.OptionHighlighted)
    def _over(self, event: OptionList.OptionHighlighted) -> None:
        self.over(str(event.option.id))

    def over(self, name: str) -> None:
        """What is under the cursor, in detail."""
        self.query_one("#words", Words).say("\n".join(self.detail(name)))
        self.query_one("#detail").scroll_home(animate=False)

    def detail(self, name: str) -> list[str]:
        """Lines on what is under the cursor."""
        kind, _, rest = name.partition("-")
        draft = self.wizard.draft
        if kind == "section":
            flaws = [f"{f.path}: {f.said}" for f in draft.flaws_of(rest)]
            values = [f"{r.ask.label}: {draft.shown(r.path)}" for r in draft.rows(rest) if draft.text(r.path)]
            return [*flaws, why_of(rest), *values]
        if kind == "step":
            step = next(s for s in self.wizard.session.steps(draft.answers) if s.id == rest)
            return [f"{step.changes or 'looks, and changes nothing'}:", *step.preview]
        return ["The checks judge whether an install can hold here: permissions, storage, network policy, pulls from",
                "every node, OpenCost itself. They change nothing that stays."]  # fmt: skip

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        from screens.dialogs import Message
        from screens.pages.form import FormPage

        kind, _, rest = str(event.option.id).partition("-")
        if kind == "section":
            self.app.push_screen(FormPage(rest, hub=True))
        elif kind == "step":
            step = next(s for s in self.wizard.session.steps(self.wizard.draft.answers) if s.id == rest)
            self.app.push_screen(Message(step.title, "\n".join(self.detail(f"step-{rest}"))))
        elif self.wizard.checked:
            self.wizard.showing.show(self.wizard.checked)
        else:
            self.press_again()

    def press_next(self) -> None:
        """Begin, after one more question."""
        session = self.wizard.session
        if self.wizard.showing.goes_on and self.wizard.watched:
            self.wizard.showing.show(self.wizard.watched)
            return
        self.wizard.launching.start(
            Options(journey=str(self.wizard.draft.answers.journey), rehearse=session.world)
        )

    def press_again(self) -> None:
        """Look at the site: `preflight` alone, or with the probe's image carried first."""
        self.wizard.launching.look_at_the_site()

    def press_save(self) -> None:
        """Into a file."""
        self.wizard.keeping.save()
