"""What was proved: every verdict with its evidence, and the egress matrix with the control beside it."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import DataTable

from screens.frame import Rule
from screens.pages.live import LivePage
from screens.widgets.findings import Findings
from screens.widgets.matrix import matrix
from screens.widgets.text import Words
from wizard.engine.events import Finding, Grade

LOUD = (Grade.FAIL, Grade.UNKNOWN, Grade.WARN, Grade.PASS)


class Verification(LivePage):
    """No verdict without a finding behind it."""

    heading = "Verification"
    topic = "verification"
    next_label = "Record"
    DEFAULT_CSS = """
    Verification #matrix { height: auto; }
    """

    def body(self) -> Iterable[Widget]:
        """Verdicts, matrix."""
        yield Findings(id="findings")
        yield Rule()
        yield Words(id="matrix")

    def on_mount(self) -> None:
        self.redraw()
        self.query_one(Findings).focus()

    def on_resize(self) -> None:
        """Other widths."""
        if self.ready:
            self.redraw()

    def findings(self) -> list[Finding]:
        """Of the last step that judged, the loud ones first."""
        judged = [s for s in self.watched.state.steps.values() if s.findings]
        rows = list(judged[-1].findings.values()) if judged else []
        return sorted(rows, key=lambda f: LOUD.index(f.grade))

    def redraw(self) -> None:
        """All of it."""
        table = self.query_one(Findings)
        table.begin(self.wizard.glyphs, self.size.width - 2)
        found = self.findings()
        table.show(found)
        table.move_cursor(row=0)
        count = {g: sum(f.grade is g for f in found) for g in Grade}
        tally = ", ".join(f"{n} {self.wizard.glyphs.grade(g)[2:]}" for g, n in count.items() if n)
        self.query_one("#why", Words).say(f"{tally}. Enter shows what a verdict rests on.")
        egress = next((f for f in found if f.check == "egress-refused"), None)
        width = min(100, self.size.width - 4)
        self.query_one("#matrix", Words).say(matrix(egress, self.wizard.glyphs, width))

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.query_one(Findings).open(self)

    def press_next(self) -> None:
        """The record of the install."""
        from screens.pages.done import Done

        self.app.push_screen(Done(self.watched))
