"""What was proved: every verdict with its evidence, and the egress matrix with the control beside it."""

from collections.abc import Iterable

from textual import on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import DataTable

from screens.frame import Rule
from screens.pages.live import LivePage
from screens.widgets.findings import Findings
from screens.widgets.matrix import matrix
from screens.widgets.text import Words
from wizard.engine.events import Finding, Grade


class Verification(LivePage):
    """No verdict without a finding behind it."""

    heading = "Verification"
    topic = "verification"
    next_label = "Record"
    DEFAULT_CSS = """
    Verification #matrix { height: auto; }
    Verification.wide #split { layout: horizontal; }
    Verification.wide Findings { width: 1fr; height: 1fr; }
    Verification.wide #right { width: 66; padding-left: 1; }
    Verification.wide #split Rule { display: none; }
    """

    def body(self) -> Iterable[Widget]:
        """Verdicts, matrix."""
        with Vertical(id="split"):
            yield Findings(id="findings")
            yield Rule()
            with Vertical(id="right"):
                yield Words(id="matrix")

    def on_mount(self) -> None:
        self.redraw()
        self.query_one(Findings).focus()

    def on_resize(self) -> None:
        """Side by side where there is room."""
        if self.ready:
            self.redraw()

    def findings(self) -> list[Finding]:
        """Of the last step that judged."""
        judged = [s for s in self.watched.state.steps.values() if s.findings]
        return list(judged[-1].findings.values()) if judged else []

    def redraw(self) -> None:
        """All of it."""
        wide = self.size.width >= 130
        self.set_class(wide, "wide")
        self.query_one("#right").styles.height = "1fr" if wide else "auto"
        table = self.query_one(Findings)
        table.begin(self.wizard.glyphs, self.size.width - (68 if wide else 2))
        found = self.findings()
        table.show(found)
        table.move_cursor(row=0)
        count = {g: sum(f.grade is g for f in found) for g in Grade}
        tally = ", ".join(f"{n} {self.wizard.glyphs.grade(g)[2:]}" for g, n in count.items() if n)
        self.query_one("#why", Words).say(f"{tally}. Enter shows what a verdict rests on.")
        egress = next((f for f in found if f.check == "egress-refused"), None)
        width = 64 if wide else self.size.width - 4
        self.query_one("#matrix", Words).say(matrix(egress, self.wizard.glyphs, width))

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.query_one(Findings).open(self)

    def press_next(self) -> None:
        """The record of the install."""
        from screens.pages.done import Done

        self.app.push_screen(Done(self.watched))
