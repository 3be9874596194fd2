"""A line to type into, whose cursor does not blink."""

from typing import Any

from textual.widgets import Input


class Line(Input):
    """Textual's Input, one row high, without a border."""

    def __init__(self, value: str = "", **rest: Any) -> None:
        super().__init__(value, compact=True, select_on_focus=False, **rest)
        self.cursor_blink = False
