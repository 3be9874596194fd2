"""A button of one line that any terminal can draw: `[ Next ]`."""

from typing import ClassVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class Push(Widget, can_focus=True):
    """Enter, Space or a click press it."""

    BINDINGS: ClassVar = [
        Binding("enter,space", "press", "Press", show=False),
        Binding("left", "beside(-1)", show=False),
        Binding("right", "beside(1)", show=False),
        Binding("up", "out(-1)", show=False),
        Binding("down", "out(1)", show=False),
    ]
    DEFAULT_CSS = """
    Push { width: auto; height: 1; margin-right: 1; color: $primary; text-style: bold; }
    Push:focus { color: $block-cursor-foreground; background: $block-cursor-background; }
    Push:ansi:focus { text-style: bold reverse; }
    """

    class Pressed(Message):
        """The button was pressed."""

        def __init__(self, push: "Push") -> None:
            super().__init__()
            self.push = push

        @property
        def control(self) -> "Push":
            """The button."""
            return self.push

    def __init__(self, label: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.label = label

    def render(self) -> Content:
        """Brackets, so that it looks like a button without colour."""
        return Content(f"[ {self.label} ]")

    def relabel(self, label: str) -> None:
        """Other words on it."""
        if label != self.label:
            self.label = label
            self.refresh(layout=True)

    def action_press(self) -> None:
        """As if clicked."""
        self.post_message(self.Pressed(self))

    def action_beside(self, by: int) -> None:
        """The button at the left or right; from the last one to the first."""
        row = self.row
        self.screen.set_focus(row[(row.index(self) + by) % len(row)])  # at once: the next key may be Enter

    def action_out(self, by: int) -> None:
        """Out of the row: to what stands above it, or below."""
        row = self.row
        self.screen.set_focus(row[0] if by < 0 else row[-1])
        self.screen.focus_previous() if by < 0 else self.screen.focus_next()

    @property
    def row(self) -> "list[Push]":
        """The buttons beside it, and itself."""
        beside = self.parent.children if self.parent else (self,)
        return [each for each in beside if isinstance(each, Push) and each.display]

    def on_click(self, event: events.Click) -> None:
        """The mouse."""
        event.stop()
        self.action_press()
