"""F3: every line of the run, with a filter; it follows the end until one scrolls up."""

import textwrap
import time
from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Log

from screens.pages.live import LivePage
from screens.watched import Line as Told
from screens.widgets.line import Line
from screens.widgets.push import Push
from screens.widgets.text import Words

LINES = 5000


class LogPage(LivePage):
    """Letters go into the filter."""

    heading = "Log"
    topic = "log"
    next_label = ""
    why = "Times are UTC. The filter keeps lines with every word typed: a step, a level, a text."
    DEFAULT_CSS = """
    LogPage #filter { height: 1; }
    LogPage #filter Words { width: auto; padding-right: 1; }
    LogPage #filter Input { width: 1fr; }
    LogPage #count { padding-left: 1; }
    LogPage Log { height: 1fr; overflow-x: hidden; background: $background; color: $foreground; }
    LogPage Log:focus { background-tint: $background 0%; }
    """

    def __init__(self, watched: object) -> None:
        super().__init__(watched)  # type: ignore[arg-type]
        self.last: Told | None = None
        self.filter = ""

    def body(self) -> Iterable[Widget]:
        """Filter and lines."""
        with Horizontal(id="filter"):
            yield Words("Filter:")
            yield Line(placeholder="all lines")
            yield Words(id="count")
        yield Log(max_lines=LINES, auto_scroll=True)

    def buttons(self) -> list[tuple[str, str]]:
        return [("follow_end", "Follow: on"), ("copy", "Copy"), ("back", "Back")]

    def on_mount(self) -> None:
        self.refill()
        self.query_one(Log).focus()

    def line(self, line: Told) -> list[str]:
        """One line of the log, in as many of the screen as it needs."""
        at = time.strftime("%H:%M:%S", time.gmtime(line.at))
        step = f"{line.step}: " if line.step and (self.filter or line.level == "step") else ""
        width = max(40, self.size.width - 4)
        head, hang = f"{at} {line.level:7} ", " " * 17
        return textwrap.wrap(head + step + " ".join(line.text.split()), width, subsequent_indent=hang)

    def on_resize(self) -> None:
        """Wrapped anew."""
        if self.ready:
            self.refill()

    def wanted(self, line: Told) -> bool:
        """Whether the filter keeps it."""
        text = f"{line.step} {line.level} {line.text}".lower()
        return all(word in text for word in self.filter.lower().split())

    def refill(self) -> None:
        """All lines anew."""
        log = self.query_one(Log)
        log.clear()
        lines = [text for line in self.watched.log if self.wanted(line) for text in self.line(line)]
        log.write_lines(lines[-LINES:])
        self.last = self.watched.log[-1] if self.watched.log else None
        self.count()

    def count(self) -> None:
        """How many there are."""
        shown = sum(map(self.wanted, self.watched.log))
        self.query_one("#count", Words).say(f"{shown} of {len(self.watched.log)} lines")

    def follow(self) -> None:
        """Lines that are new."""
        new: list[Told] = []
        for line in reversed(self.watched.log):
            if line is self.last:
                break
            if self.wanted(line):
                new.append(line)
        if self.watched.log and self.watched.log[-1] is not self.last:
            self.last = self.watched.log[-1]
            self.query_one(Log).write_lines([text for line in reversed(new) for text in self.line(line)])
            self.count()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.filter = event.value
        self.refill()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.query_one(Log).focus()

    def press_follow_end(self) -> None:
        """On or off."""
        log = self.query_one(Log)
        log.auto_scroll = not log.auto_scroll
        self.query_one("#push-follow_end", Push).relabel(f"Follow: {'on' if log.auto_scroll else 'off'}")
        if log.auto_scroll:
            log.scroll_end(animate=False)

    def press_copy(self) -> None:
        """The lines that are shown."""
        self.wizard.copy(
            "\n".join(text for line in self.watched.log if self.wanted(line) for text in self.line(line))
        )
