"""The checklist: every check of the site with its verdict as it falls; F5 looks again."""

from collections.abc import Iterable
from dataclasses import replace

from textual import on
from textual.widget import Widget
from textual.widgets import DataTable

from screens.dialogs import Pick
from screens.pages.live import LivePage
from screens.widgets.findings import Findings
from screens.widgets.text import Words, cut
from wizard.engine.events import Grade
from wizard.reports.units import span


class Checks(LivePage):
    """A look at the site: the run of `preflight` alone, watched."""

    heading = "Checks of the site"
    topic = "checks"
    again_label = "Look again"
    next_label = "Review"
    back_label = "Back"
    DEFAULT_CSS = """
    Checks #now { height: 1; text-style: bold; }
    Checks #here { height: 3; }
    """

    def body(self) -> Iterable[Widget]:
        """Verdicts, and what is being looked at."""
        yield Findings(id="findings")
        yield Words(id="now")
        yield Words(id="here")

    def buttons(self) -> list[tuple[str, str]]:
        return [("next", "Review"), ("again", "Look again"), ("log", "Log"), ("back", "Back")]

    def on_mount(self) -> None:
        self.redraw()
        self.query_one(Findings).focus()

    def on_resize(self) -> None:
        """Other widths."""
        if self.ready:
            self.redraw()

    def redraw(self) -> None:
        """The table anew."""
        self.query_one(Findings).begin(self.wizard.glyphs, self.size.width - 2)
        self.follow()

    def follow(self) -> None:
        """Verdicts that are new."""
        watched, state = self.watched, self.watched.state
        table = self.query_one(Findings)
        step = state.steps.get("preflight")
        planned = [check_of(line) for line in step.preview if line.startswith("check ")] if step else []
        asked = watched.options.checks
        if asked:
            planned = [
                (check, title) for check, title in planned if check in asked or check in watched.before
            ]
        judged = step.findings if step else {}
        shown = {c: f for c, f in watched.before.items() if not watched.going or c not in asked} | judged
        table.show(shown.values(), planned, watched.going)
        count = {g: sum(f.grade is g for f in shown.values()) for g in Grade}
        tally = ", ".join(f"{n} {self.wizard.glyphs.grade(g)[2:]}" for g, n in count.items() if n)
        if watched.going:
            now = self.wizard.clock()
            begun = span(max(0.0, now - state.started)) if state.started else ""
            last = watched.last_said("preflight")
            self.query_one("#now", Words).say(cut(f"looking {begun}  {last}", self.size.width - 4))
        elif state.problem and not count[Grade.FAIL]:
            self.query_one("#now", Words).say(
                f"{self.wizard.glyphs.failed} {state.problem.title}: {state.problem.detail}"
            )
        else:
            if self.word != watched.word:
                self.word = watched.word
                rows = list(table.findings)
                again = rows.index(asked[0]) if asked and asked[0] in rows else first_loud(table)
                table.move_cursor(row=again, animate=False)
            self.query_one("#now", Words).say(
                f"{tally or watched.word}. Enter: evidence, what to do. F5: look again."
            )
        self.query_one("#why", Words).say("Whether an install can hold here. Nothing is changed that stays.")

    @on(DataTable.RowHighlighted)
    def _over(self, event: DataTable.RowHighlighted) -> None:
        self.here()

    def here(self) -> None:
        """What is under the cursor, in full."""
        table = self.query_one(Findings)
        finding = table.findings.get(table.check_here)
        text = f"{finding.title}\n{finding.detail}" if finding else ""
        self.query_one("#here", Words).say(text)

    def press_again(self) -> None:
        """F5: the same look once more, as a run of its own."""
        if self.watched.going:
            self.notice("It is looking already.")
            return
        check = self.query_one(Findings).check_here
        everything = replace(self.watched.options, checks=())

        choices = {
            "one": replace(everything, checks=(check,)),
            "all": everything,
            "probe": replace(everything, only=("mirror-probe", "preflight")),
        }

        def chosen(what: str | None) -> None:
            if what:
                self.wizard.launching.start(choices[what], sure=True)

        if not check:
            chosen("all")
            return
        rows = [("one", f"Look again at {check}"), ("all", "Look again at everything")]
        if everything.only == ("preflight",):
            rows.append(("probe", "Everything, and push the probe's image to the registry first"))
        self.app.push_screen(Pick("What is to be looked at again?", rows), chosen)

    def press_log(self) -> None:
        """F3."""
        self.wizard.action_log()

    def press_next(self) -> None:
        """The hub."""
        self.wizard.spine.to_review()

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.query_one(Findings).open(self)


def first_loud(table: Findings) -> int:
    """The first row that is no pass."""
    checks = list(table.findings.values())
    return next((n for n, f in enumerate(checks) if f.grade is not Grade.PASS), 0)


def check_of(line: str) -> tuple[str, str]:
    """ "check ID: title" → (ID, title)."""
    check, _, title = line.removeprefix("check ").partition(": ")
    return check, title
