"""Dialogs: a choice, a confirmation that names what changes, secrets, and a message. Escape always means no."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import DataTable, Input, OptionList
from textual.widgets.option_list import Option

from screens.frame import place_cursor
from screens.widgets.line import Line
from screens.widgets.push import Push
from screens.widgets.text import Words, content, cut

T = TypeVar("T")


class Dialog(ModalScreen[T | None], Generic[T]):
    """A box in the middle of the page; it is answered or left, and nothing happens unless it is answered."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background; }
    Dialog #box { width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 2; border: round $primary;
                  background: $background; color: $foreground; }
    Dialog.ascii #box { border: ascii $primary; }
    Dialog #title { text-style: bold; margin-bottom: 1; }
    Dialog #pushes { height: 1; margin-top: 1; }
    Dialog VerticalScroll { height: auto; max-height: 14; }
    Dialog OptionList { height: auto; max-height: 14; }
    """
    title_text = ""

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="box"):
            yield Words(self.title_text, id="title")
            yield from self.body()
            with Horizontal(id="pushes"):
                for name, label in self.buttons():
                    yield Push(label, id=f"push-{name}")

    def body(self) -> Iterable[Widget]:
        """Between the title and the buttons."""
        return ()

    def buttons(self) -> list[tuple[str, str]]:
        """(method, label)."""
        return [("no", "Close")]

    def on_mount(self) -> None:
        """The box's border is of the chosen signs."""
        from screens.app import Wizard

        self.set_class(cast(Wizard, self.app).glyphs.name == "ascii", "ascii")

    def action_no(self) -> None:
        """Left without an answer."""
        self.dismiss(None)

    def press_no(self) -> None:
        """The same as a button."""
        self.dismiss(None)

    @on(Push.Pressed)
    def _pressed(self, event: Push.Pressed) -> None:
        event.stop()
        getattr(self, "press_" + (event.push.id or "").removeprefix("push-"))()

    @on(events.DescendantFocus)
    @on(OptionList.OptionHighlighted)
    @on(DataTable.RowHighlighted)
    def _cursor_moved(self, event: Any) -> None:
        self.call_after_refresh(place_cursor, self)


class Pick(Dialog[str]):
    """One of several values."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], note: str = "") -> None:
        super().__init__()
        self.title_text, self.rows, self.note = title, rows, note

    def body(self) -> Iterable[Widget]:
        """A list."""
        yield OptionList(*(Option(content(cut(text, 68))) for _, text in self.rows), id="rows", compact=True)
        if self.note:
            yield Words(self.note)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self.rows[event.option_index][0])


class Confirm(Dialog[bool]):
    """Yes or no to what is named; No is first and has the focus."""

    def __init__(self, title: str, lines: Sequence[str], yes: str, no: str = "No, go back") -> None:
        super().__init__()
        self.title_text, self.lines, self._yes, self._no = title, lines, yes, no

    def body(self) -> Iterable[Widget]:
        """What would change."""
        with VerticalScroll(can_focus=False):
            yield Words("\n".join(self.lines), id="lines")

    def buttons(self) -> list[tuple[str, str]]:
        """No first."""
        return [("no", self._no), ("yes", self._yes)]

    def press_yes(self) -> None:
        """It was meant."""
        self.dismiss(True)


class Secrets(Dialog[dict[str, str]]):
    """Secrets that the answers leave to a prompt: masked, handed to the run, kept nowhere."""

    title_text = "Passwords for this run"

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.names = names

    def body(self) -> Iterable[Widget]:
        """One line each."""
        yield Words(
            "The answers say `prompt` for these. They are handed to the run once and written nowhere.\n"
        )
        for number, (path, label) in enumerate(self.names):
            yield Words(f"{label} ({path})")
            yield Line(password=True, id=f"secret-{number}")

    def buttons(self) -> list[tuple[str, str]]:
        """Leave first."""
        return [("no", "Cancel"), ("yes", "Start the run")]

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        fields = list(self.query(Input))
        later = fields[fields.index(event.input) + 1 :]
        if later:
            later[0].focus()
        else:
            self.press_yes()

    def press_yes(self) -> None:
        """All of them, if none is empty."""
        values = {path: self.query_one(f"#secret-{n}", Input).value for n, (path, _) in enumerate(self.names)}
        empty = next((n for n, value in enumerate(values.values()) if not value), None)
        if empty is not None:
            self.query_one(f"#secret-{empty}", Input).focus()
            return
        self.dismiss(values)


class Ask(Dialog[str]):
    """One line of text."""

    def __init__(self, title: str, text: str, value: str, yes: str) -> None:
        super().__init__()
        self.title_text, self.text, self.value, self._yes = title, text, value, yes

    def body(self) -> Iterable[Widget]:
        """An input."""
        yield Words(self.text)
        yield Line(self.value)

    def buttons(self) -> list[tuple[str, str]]:
        """Leave first."""
        return [("no", "Cancel"), ("yes", self._yes)]

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.press_yes()

    def press_yes(self) -> None:
        """What was typed."""
        self.dismiss(self.query_one(Input).value)


class Message(Dialog[bool]):
    """Something to read; it may be long, and it may be copied."""

    def __init__(self, title: str, text: str, *, copy: str = "") -> None:
        super().__init__()
        self.title_text, self.text, self.to_copy = title, text, copy

    def body(self) -> Iterable[Widget]:
        """The text."""
        with VerticalScroll():
            yield Words(self.text)

    def buttons(self) -> list[tuple[str, str]]:
        """Close, and copy where there is something."""
        return [("no", "Close"), *([("copy", "Copy")] if self.to_copy else [])]

    def press_copy(self) -> None:
        """Into the terminal's clipboard, redacted."""
        from screens.app import Wizard

        cast(Wizard, self.app).copy(self.to_copy)
        self.dismiss(True)
