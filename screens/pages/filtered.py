"""A page of lines with a filter above them; letters go into the filter."""

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Log

from screens.frame import Page
from screens.widgets.line import Line
from screens.widgets.text import Words

LINES = 5000
"""Rows of the screen that a page keeps."""


class Filtered(Page):
    """Subclasses fill the Log in `refill`, by `filter`; `follows` is whether new lines scroll it to its end."""

    next_label = ""
    filter = ""
    follows = True
    DEFAULT_CSS = """
    Filtered #filter { height: 1; }
    Filtered #filter Words { width: auto; padding-right: 1; }
    Filtered #filter Input { width: 1fr; }
    Filtered #count { padding-left: 1; }
    Filtered Log { height: 1fr; overflow-x: hidden; background: $background; color: $foreground; }
    Filtered Log:focus { background-tint: $background 0%; }
    """

    def body(self) -> Iterable[Widget]:
        """Filter and lines."""
        with Horizontal(id="filter"):
            yield Words("Filter:")
            yield Line(placeholder="all lines")
            yield Words(id="count")
        yield Log(max_lines=LINES, auto_scroll=self.follows)

    def refill(self) -> None:
        """All lines anew."""
        raise AssertionError(f"{type(self).__name__} fills itself")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.filter = event.value
        self.refill()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.query_one(Log).focus()
