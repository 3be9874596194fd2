"""The one page shape: where one is, why, the content, buttons, live keys."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import DataTable, Input, OptionList

from screens.keys import KEYS, footer_line
from screens.widgets.push import Push
from screens.widgets.text import Words, cut, joined
from wizard.engine.folder import RunFolder

if TYPE_CHECKING:
    from screens.app import Wizard


NOTICE = 6.0
"""Seconds that a passing word stays."""


class Head(Widget):
    """The first line: program, journey and page at the left; rehearsal and position at the right."""

    DEFAULT_CSS = "Head { height: 1; background: $panel; color: $foreground; text-style: bold; }"

    def render(self) -> Content:
        """Cut to the width; the mark of a rehearsal is never what is cut."""
        page = cast(Page, self.screen)
        app = page.wizard
        mark = f" REHEARSAL {page.rehearsal} " if page.rehearsal else ""
        place = f" {page.position} " if page.position else " "
        left = cut(
            f" airgap-wizard  {page.journey}  {app.glyphs.arrow} {page.heading}",
            self.size.width - len(mark) - len(place),
            app.glyphs.ellipsis,
        )
        gap = " " * max(0, self.size.width - Content(left).cell_length - len(mark) - len(place))
        return joined(left, gap, (mark, "reverse"), place)


class Rule(Widget):
    """A line across."""

    DEFAULT_CSS = "Rule { height: 1; color: $secondary; }"

    def render(self) -> Content:
        """As wide as there is room."""
        return Content(cast(Page, self.screen).wizard.glyphs.rule * self.size.width)


class Keys(Widget):
    """The last line: the keys that do something here."""

    DEFAULT_CSS = "Keys { height: 1; background: $panel; color: $foreground; }"

    def render(self) -> Content:
        """As many as fit."""
        page = cast(Page, self.screen)
        return Content(" " + footer_line(page.labels(), self.size.width - 2))


class Page(Screen[None]):
    """A page. Subclasses give `heading`, `why`, `body()`, `buttons()` and what their keys do."""

    heading: str = ""
    why: str = ""
    topic: ClassVar[str] = ""
    """Key of the page's text in help."""
    next_label: str = "Next"
    back_label: str = "Back"
    again_label: str = "Check"
    BINDINGS: ClassVar = [
        Binding("pagedown", "turn(1)", show=False),
        Binding("pageup", "turn(-1)", show=False),
    ]
    DEFAULT_CSS = """
    Page { layout: vertical; background: $background; color: $foreground; }
    Page #why { color: $secondary; padding: 0 1; max-height: 3; }
    Page #content { height: 1fr; padding: 0 1; }
    Page #notice { padding: 0 1; display: none; max-height: 3; text-style: bold; color: $warning; }
    Page #buttons { height: 1; padding: 0 1; }
    """

    @property
    def wizard(self) -> "Wizard":
        """The app."""
        return cast("Wizard", self.app)

    @property
    def journey(self) -> str:
        """What the run is for."""
        return str(self.wizard.draft.answers.journey)

    @property
    def rehearsal(self) -> str:
        """The simulated site's name where this page shows one."""
        return self.wizard.session.world

    @property
    def folder(self) -> RunFolder | None:
        """The run that F9 gathers a support bundle of."""
        return self.wizard.watched.folder if self.wizard.watched else None

    @property
    def position(self) -> str:
        """step n/m."""
        return ""

    def compose(self) -> ComposeResult:
        """The shape."""
        yield Head(id="head")
        yield Words(self.why, id="why")
        yield Rule()
        with Vertical(id="content"):
            yield from self.body()
        yield Words(id="notice")
        with Horizontal(id="buttons"):
            for name, label in self.buttons():
                yield Push(label, id=f"push-{name}")
        yield Keys(id="keys")

    def body(self) -> Iterable[Widget]:
        """The content."""
        return ()

    def buttons(self) -> list[tuple[str, str]]:
        """(action, label): what the keys of that name do as well."""
        rows = [("next", self.next_label), ("back", self.back_label)]
        return [(name, label) for name, label in rows if label]

    def labels(self) -> dict[str, str]:
        """Action → its word in the footer; what is left out does nothing here."""
        out = {k.action: k.label for k in KEYS if k.footer and self.offers(k.action)}
        own = {"next": self.next_label, "back": self.back_label, "again": self.again_label}
        return {action: own.get(action, label) for action, label in out.items()}

    def offers(self, action: str) -> bool:
        """Whether a key does something on this page."""
        if action == "next":
            return bool(self.next_label)
        if action == "back":
            return bool(self.back_label)
        if action == "log":
            return self.wizard.watched is not None
        if action == "report":
            return self.folder is not None and self.wizard.session.gather is not None
        if action == "again":
            return hasattr(self, "press_again")
        return True

    _fading: Timer | None = None

    def notice(self, text: str, *, fades: bool = True) -> None:
        """A line above the buttons, for some seconds where it `fades`; "" takes it away."""
        line = self.query_one("#notice", Words)
        line.say(text)
        line.display = bool(text)
        if self._fading is not None:
            self._fading.stop()
            self._fading = None
        if text and fades:
            self._fading = self.set_timer(NOTICE, lambda: self.notice(""))

    def rewrite(self) -> None:
        """Paint head and footer again, after what they show has changed."""
        for widget in (self.query_one(Head), self.query_one(Keys)):
            widget.refresh()

    def press(self, name: str) -> None:
        """A button was pressed: the method of that name."""
        getattr(self, f"press_{name}")()

    def action_turn(self, pages: int) -> None:
        """Page Up and Down where the focus, on a button say, has no use for them: the text turns."""
        for text in self.query(VerticalScroll):
            if text.max_scroll_y > 0:
                text.scroll_relative(y=pages * text.scrollable_content_region.height, animate=False)
                return

    def press_next(self) -> None:
        """The main action."""

    def press_back(self) -> None:
        """The page before."""
        self.app.pop_screen()

    @on(Push.Pressed)
    def _pressed(self, event: Push.Pressed) -> None:
        event.stop()
        if event.push.id and event.push.id.startswith("push-"):
            self.press(event.push.id.removeprefix("push-"))

    def on_screen_resume(self) -> None:
        """Seen again: what changed meanwhile is shown."""
        self.rewrite()

    @on(events.DescendantFocus)
    @on(OptionList.OptionHighlighted)
    @on(DataTable.CellHighlighted)
    @on(DataTable.RowHighlighted)
    def _cursor_moved(self, event: Any) -> None:
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """Put the terminal's cursor where the focus is: that is what screen readers follow."""
        place_cursor(self)


def place_cursor(screen: "Screen[Any]") -> None:
    """The hardware cursor on the focused widget, in a list on its line."""
    widget = screen.focused
    if widget is None or isinstance(widget, Input) or not widget.is_attached:
        return
    where = widget.content_region.offset
    if isinstance(widget, OptionList) and widget.highlighted is not None:
        where += (
            Offset(0, widget._index_to_line[widget.highlighted] - widget.scroll_offset.y)
            if widget.highlighted in widget._index_to_line
            else Offset(0, 0)
        )
    elif isinstance(widget, DataTable):
        where += Offset(0, widget.cursor_row + 1 - widget.scroll_offset.y)
    if screen.app.cursor_position != where:
        screen.app.cursor_position = where
        widget.refresh()  # the cursor is moved with what is painted
