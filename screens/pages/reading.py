"""A text that may come from anywhere, with a filter: bounded, wrapped, and nothing in it acts on the terminal."""

import textwrap
from collections.abc import Sequence

from textual.widgets import Log

from screens.pages.filtered import LINES, Filtered
from screens.widgets.text import Words, plain


class Reading(Filtered):
    """`end`: begin at the end of the text, as one reads a log."""

    topic = "reading"

    def __init__(
        self, heading: str, lines: Sequence[str], *, why: str = "", world: str = "", end: bool = False
    ) -> None:
        super().__init__()
        self.heading, self.why, self.world, self.follows = heading, why, world, end
        self.lines = [plain(line.expandtabs(4)) for line in lines]
        self._width = 0

    @property
    def rehearsal(self) -> str:
        return self.world

    def buttons(self) -> list[tuple[str, str]]:
        return [("copy", "Copy"), ("back", "Back")]

    def on_mount(self) -> None:
        self.query_one(Log).focus()

    def on_resize(self) -> None:
        """Wrapped anew."""
        if self._width != self.size.width:
            self.refill()

    def kept(self) -> list[str]:
        """The lines with every word of the filter."""
        words = self.filter.lower().split()
        return (
            [line for line in self.lines if all(word in line.lower() for word in words)]
            if words
            else self.lines
        )

    def refill(self) -> None:
        """All lines anew."""
        self._width = self.size.width
        width = max(40, self.size.width - 4)
        log, kept = self.query_one(Log), self.kept()
        out: list[str] = []
        for line in kept:
            indent = " " * min(20, len(line) - len(line.lstrip()) + 2)
            out += textwrap.wrap(line, width, subsequent_indent=indent, drop_whitespace=False) or [""]
            if len(out) > LINES:
                break
        log.clear()
        log.write_lines(out[:LINES])
        if not self.follows:
            log.scroll_home(animate=False)
        more = f", the first {LINES} rows" if len(out) > LINES else ""
        self.query_one("#count", Words).say(f"{len(kept)} of {len(self.lines)} lines{more}")

    def press_copy(self) -> None:
        """The lines that are shown."""
        self.wizard.copy("\n".join(self.kept()))
