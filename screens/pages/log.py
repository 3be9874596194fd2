"""F3: every line of the run, with a filter; it follows the end until one scrolls up."""

import textwrap
import time

from textual.widgets import Log

from screens.pages.filtered import LINES, Filtered
from screens.pages.live import LivePage
from screens.watched import Line as Told
from screens.widgets.push import Push
from screens.widgets.text import Words


class LogPage(Filtered, LivePage):
    """The lines of a run, as they come."""

    heading = "Log"
    topic = "log"
    why = "Times are UTC. The filter keeps lines with every word typed: a step, a level, a text."

    def __init__(self, watched: object) -> None:
        super().__init__(watched)  # type: ignore[arg-type]
        self.last: Told | None = None

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
