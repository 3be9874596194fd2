"""Ctrl+P: every action by name."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from screens.dialogs import Dialog
from screens.widgets.line import Line
from screens.widgets.text import content


class Actions(Dialog[str]):
    """Type a few letters, Enter takes the one under the cursor."""

    title_text = "Actions"
    BINDINGS: ClassVar = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.rows = rows

    def body(self) -> Iterable[Widget]:
        """Input and list."""
        yield Line(placeholder="type to find an action")
        yield OptionList(compact=True)

    def on_mount(self) -> None:
        """All of them at first."""
        self.show("")

    def show(self, text: str) -> None:
        """Those that hold every word typed."""
        words = text.lower().split()
        rows = [(n, label) for n, label in self.rows if all(w in f"{n} {label}".lower() for w in words)]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(content(label), id=name) for name, label in rows])
        options.highlighted = 0 if rows else None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.show(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def action_move(self, by: int) -> None:
        """The arrows move in the list while one types."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()
