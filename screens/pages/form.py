"""A form: one section of the answers, one line an answer; what, why, example and what is wrong below."""

from collections.abc import Iterable
from typing import ClassVar, cast

from textual import on, work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from screens.draft import title_of, why_of
from screens.frame import Page, Rule
from screens.session import Found
from screens.widgets.line import Line
from screens.widgets.text import Words, joined
from wizard.answers.fields import Kind, Row
from wizard.engine.problems import Problem

LABEL = 22
MARK = 8


class Text(Line):
    """An input of one line; Enter goes on or, where values were found, offers them."""

    BINDINGS: ClassVar = [
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]


class Toggle(Widget, can_focus=True):
    """Yes or no: `[x] yes`."""

    BINDINGS: ClassVar = [
        Binding("enter,space", "flip", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    Toggle { height: 1; width: 1fr; }
    Toggle:focus { color: $block-cursor-foreground; background: $block-cursor-background; }
    Toggle:ansi:focus { text-style: reverse; }
    """

    class Changed(Message):
        """It was toggled."""

        def __init__(self, toggle: "Toggle") -> None:
            super().__init__()
            self.toggle = toggle

    def __init__(self, value: bool, id: str) -> None:
        super().__init__(id=id)
        self.value = value

    def render(self) -> Content:
        """A box and a word."""
        return Content("[x] yes" if self.value else "[ ] no")

    def action_flip(self) -> None:
        """The other one."""
        self.value = not self.value
        self.refresh()
        self.post_message(self.Changed(self))

    def on_click(self) -> None:
        """The mouse."""
        self.action_flip()


class FieldLine(Horizontal):
    """Label, value, and a word on how it stands."""

    DEFAULT_CSS = """
    FieldLine { height: 1; }
    FieldLine .label { width: 22; }
    FieldLine .mark { width: 9; padding-left: 1; color: $secondary; }
    FieldLine.wrong .mark { color: $error; text-style: bold; }
    FieldLine:focus-within .label { text-style: bold reverse; }
    FieldLine Input { width: 1fr; background: $panel; }
    """

    def __init__(self, row: Row, text: str) -> None:
        super().__init__(id="line-" + row.path.replace(".", "-"))
        self.row = row
        self.text = text

    def compose(self) -> Iterable[Widget]:
        """The three."""
        name = "field-" + self.row.path.replace(".", "-")
        yield Words(self.row.ask.label, classes="label")
        if self.row.kind is Kind.TOGGLE:
            yield Toggle(self.text == "true", name)
        else:
            yield Text(self.text, id=name)
        yield Words("", classes="mark")

    def mark(self, word: str, wrong: bool) -> None:
        """How it stands."""
        self.query_one(".mark", Words).say(word)
        self.set_class(wrong, "wrong")


class FormPage(Page):
    """One section. Values are taken as they are typed; nothing typed is ever lost."""

    DEFAULT_CSS = """
    FormPage #fields { height: 1fr; scrollbar-gutter: stable; }
    FormPage #hint { height: 4; }
    FormPage #wrong { height: auto; max-height: 3; color: $error; text-style: bold; }
    """

    def __init__(self, section: str, *, position: str = "", hub: bool = False, focus: str = "") -> None:
        super().__init__()
        self.section = section
        self.heading = title_of(section)
        self.why = why_of(section)
        self._position = position
        self._hub = hub
        self._first = focus
        self._warned = ""
        if hub:
            self.next_label = "Review"
        self.found: dict[str, tuple[Found, ...]] = {}

    @property
    def position(self) -> str:
        return self._position

    def body(self) -> Iterable[Widget]:
        """The fields, and the hint on the one under the cursor."""
        draft = self.wizard.draft
        with VerticalScroll(id="fields", can_focus=False):
            for row in draft.rows(self.section):
                yield FieldLine(row, draft.text(row.path))
        yield Rule()
        yield Words(id="hint")

    def on_mount(self) -> None:
        """Look for values, in threads."""
        self.mark_all()
        self.query_one("#why", Words).say(f"{self.why} {self.wanted()}".strip())
        lines = list(self.query(FieldLine))
        wanted = [f for f in lines if f.row.path == self._first] or lines
        wanted[0].query("Input, Toggle").first().focus()
        for line in lines:
            if line.row.path in self.wizard.session.finders:
                self.look(line.row.path)

    def wanted(self) -> str:
        """What cannot be left empty here."""
        needed = [row.ask.label for row in self.wizard.draft.rows(self.section) if row.needed]
        return f"Needed: {', '.join(needed)}." if needed else "Nothing here is needed; F8 goes on."

    @work(thread=True, exit_on_error=False)
    def look(self, path: str) -> None:
        """Ask one finder; what it cannot do is not the form's trouble."""
        try:
            found = tuple(self.wizard.session.finders[path](self.wizard.draft.answers))
        except (Problem, OSError, ValueError):
            found = ()
        self.app.call_from_thread(self.took, path, found)

    def took(self, path: str, found: tuple[Found, ...]) -> None:
        """Values were found: offer them, and fill an empty answer in where the answers come from no file."""
        if not self.is_attached:
            return
        self.found[path] = found
        draft = self.wizard.draft
        if found and self.wizard.session.fresh and not draft.text(path) and path not in draft.found:
            self.put(path, found[0].value)
            draft.found[path] = found[0].where
            self.mark_all()
        self.hint()

    def line(self, path: str) -> FieldLine:
        """The line of an answer."""
        return self.query_one("#line-" + path.replace(".", "-"), FieldLine)

    def put(self, path: str, text: str) -> None:
        """Write a value into its field."""
        self.line(path).query_one(Input).value = text

    @property
    def here(self) -> FieldLine | None:
        """The line under the cursor."""
        widget = self.focused
        return widget.parent if widget and isinstance(widget.parent, FieldLine) else None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.take(cast(FieldLine, event.input.parent), event.value)

    @on(Toggle.Changed)
    def _toggled(self, event: Toggle.Changed) -> None:
        self.take(cast(FieldLine, event.toggle.parent), "true" if event.toggle.value else "false")

    def take(self, line: FieldLine, text: str) -> None:
        """What was typed goes into the draft."""
        draft = self.wizard.draft
        if text != draft.text(line.row.path):
            draft.type(line.row.path, text)
            self._warned = ""
            self.notice("")
        self.mark_all()
        self.hint()

    def mark_all(self) -> None:
        """A word beside each line."""
        draft = self.wizard.draft
        wrong = {f.path: f for f in draft.flaws_of(self.section)}
        for line in self.query(FieldLine):
            path = line.row.path
            text = draft.text(path)
            if path in wrong:
                line.mark("needed" if not text else "WRONG", True)
            elif path in draft.found:
                line.mark("found", False)
            else:
                line.mark(
                    "default"
                    if text
                    and line.row.field.default == line.row.value
                    and path not in draft.pending
                    and draft.text(path) == text
                    and _is_default(line, text)
                    else "",
                    False,
                )

    def on_descendant_focus(self) -> None:
        """The hint follows the cursor."""
        self.hint()

    def hint(self) -> None:
        """What, why, an example; what was found; what is wrong."""
        line = self.here
        if line is None or not self.is_attached:
            return
        draft, row = self.wizard.draft, line.row
        parts: list[str | tuple[str, str] | Content] = [f"{row.ask.why}\n"]
        found = self.offers_for(row)
        if found:
            word = "this page found it at" if row.path in draft.found else "found"
            first = draft.found.get(row.path) or ", ".join(f.value for f in found[:3])
            parts.append(f"{word}: {first}  (Enter: choose from {len(found)})\n")
        elif row.kind is Kind.TOGGLE:
            parts.append("Enter or Space changes it\n")
        else:
            parts.append(f"for example: {row.field.sample}\n")
        flaws = [f.said for f in draft.flaws_of(self.section) if f.path == row.path]
        if flaws and (draft.text(row.path) or self._warned):
            parts.append((f"{self.wizard.glyphs.failed} {'; '.join(flaws)}", "$error bold"))
        self.query_one("#hint", Words).say(joined(*parts))

    def offers_for(self, row: Row) -> tuple[Found, ...]:
        """Values to choose from: the words of a choice, or what was found."""
        if row.field.choices:
            return tuple(Found(word) for word in row.field.choices)
        return self.found.get(row.path, ())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        line = cast(FieldLine, event.input.parent)
        offers = self.offers_for(line.row)
        if len(offers) > 1 or (offers and offers[0].value != event.value):
            self.choose(line.row, offers)
        else:
            self.focus_next()

    def choose(self, row: Row, offers: tuple[Found, ...]) -> None:
        """Offer the values in a dialog."""
        from screens.dialogs import Pick

        def chosen(value: str | None) -> None:
            if value is not None:
                self.put(row.path, value)
                self.focus_next()

        rows = [(f.value, f"{f.value}" + (f"   {f.where}" if f.where else "")) for f in offers]
        self.app.push_screen(Pick(row.ask.label, rows), chosen)

    def press_next(self) -> None:
        """On, once nothing here is wrong; a second time, in any case: Review keeps the tally."""
        flaws = self.wizard.draft.flaws_of(self.section)
        if flaws and self._warned != flaws[0].said:
            first = flaws[0]
            self._warned = first.said
            if self.query("#line-" + first.path.replace(".", "-")):
                self.line(first.path).query("Input, Toggle").first().focus()
                label = self.line(first.path).row.ask.label
            else:
                label = first.path
            self.notice(
                f"{label}: mend it, or {self.next_label} (F8) once more to leave it for later.", fades=False
            )
            self.hint()
            return
        if self._hub:
            self.app.pop_screen()
        else:
            self.wizard.spine.go_on(self)


def _is_default(line: FieldLine, text: str) -> bool:
    from wizard.answers.form import value_text

    return text == value_text(line.row.field, line.row.field.default)
