"""The digest table on a page of its own: filter, order, copy."""

from collections.abc import Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input

from screens.dialogs import Message, Pick
from screens.pages.live import LivePage
from screens.widgets.items import SORTS, Items, detail
from screens.widgets.line import Line
from screens.widgets.text import Words


class Digests(LivePage):
    """Every item of every step, with its digest."""

    heading = "Digests"
    topic = "digests"
    why = "Every blob and manifest with its digest. “checked” = hashed here as it moved; “there” = the registry had it."
    next_label = ""
    DEFAULT_CSS = """
    Digests #filter { height: 1; }
    Digests #filter Words { width: auto; padding-right: 1; }
    Digests #filter Input { width: 1fr; }
    Digests #count { width: 30; padding-left: 1; }
    """

    def body(self) -> Iterable[Widget]:
        """Filter line and table."""
        with Horizontal(id="filter"):
            yield Words("Filter:")
            yield Line(placeholder="part of a name, platform, state or digest")
            yield Words(id="count")
        yield Items(self.watched, id="items")

    def buttons(self) -> list[tuple[str, str]]:
        return [("sort", "Sort"), ("one", "Copy digest"), ("copy", "Copy table"), ("back", "Back")]

    def on_mount(self) -> None:
        self.redraw()
        self.query_one(Items).focus()

    def redraw(self) -> None:
        """The table anew."""
        self.query_one(Items).begin(self.wizard.glyphs, self.size.width >= 120)
        self.follow()

    def on_resize(self) -> None:
        """Other widths."""
        if self.ready:
            self.redraw()

    def follow(self) -> None:
        """What is new."""
        items = self.query_one(Items)
        items.drain()
        total = sum(len(s.items) for s in self.watched.state.steps.values())
        self.query_one("#count", Words).say(f"{len(items.shown)} of {total}, by {items.order}")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        items = self.query_one(Items)
        items.filter = event.value
        items.refill()
        self.follow()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.query_one(Items).focus()

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if moved := self.query_one(Items).here:
            self.app.push_screen(Message("One item", detail(moved), copy=moved.digest))

    @on(DataTable.HeaderSelected)
    def _head(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        key = str(event.column_key.value)
        self.query_one(Items).sort_by(key if key in SORTS else "order")

    def press_sort(self) -> None:
        """Choose an order."""

        def chosen(order: str | None) -> None:
            if order:
                self.query_one(Items).sort_by(order)
                self.follow()

        rows = [(s, {"order": "as they were queued"}.get(s, f"by {s}")) for s in SORTS]
        self.app.push_screen(Pick("Order", rows), chosen)

    def press_one(self) -> None:
        """The digest under the cursor."""
        if moved := self.query_one(Items).here:
            self.wizard.copy(moved.digest)

    def press_copy(self) -> None:
        """All rows that are shown."""
        self.wizard.copy(self.query_one(Items).text())
