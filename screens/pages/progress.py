"""A run as it goes: every step with its outcome, what the current one moves or finds, its pace, and stalls by name."""

from collections.abc import Iterable

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import DataTable

from screens.frame import Rule
from screens.pages.live import LivePage
from screens.widgets.findings import Findings
from screens.widgets.items import Items, detail
from screens.widgets.push import Push
from screens.widgets.text import Words, cut, joined, pad
from wizard.engine.events import Outcome
from wizard.engine.state import Phase, StepState
from wizard.reports.units import size, span

ROWS = 9
"""Steps that are shown at once where there are few rows."""


class Progress(LivePage):
    """Follows the run; nothing here drives it."""

    heading = "Progress"
    topic = "progress"
    back_label = "Review"
    DEFAULT_CSS = """
    Progress #upper { height: auto; }
    Progress #steps { height: auto; }
    Progress #now { height: auto; max-height: 3; text-style: bold; }
    Progress #lower { height: 1fr; }
    """

    def body(self) -> Iterable[Widget]:
        """Steps above (or at the left), what moves below (or at the right)."""
        with Vertical(id="split"):
            with Vertical(id="upper"):
                yield Words(id="steps")
                yield Rule()
                yield Words(id="now")
            with Vertical(id="lower"):
                yield Items(self.watched, id="items")
                yield Findings(id="findings")

    def buttons(self) -> list[tuple[str, str]]:
        return [
            ("next", self.next_label),
            ("digests", "Digests"),
            ("log", "Log"),
            ("stop", "Stop the run"),
            ("leave", "Leave"),
        ]

    def on_mount(self) -> None:
        self.redraw()
        self.follow()
        self.query_one("#push-next").focus()

    def on_resize(self) -> None:
        """Side by side where there is room."""
        if self.ready:
            self.redraw()

    def redraw(self) -> None:
        """The table anew, with other signs or widths."""
        wide = self.size.width >= 120
        self.query_one(Items).begin(self.wizard.glyphs, wide, 10 if self.size.width >= 190 else 8)
        self.query_one(Findings).begin(self.wizard.glyphs, self.size.width - 2)
        self.seen = -1

    def follow(self) -> None:
        """What is new."""
        watched, state = self.watched, self.watched.state
        shown = self.shown_step()
        items, findings = self.query_one(Items), self.query_one(Findings)
        if shown is not None and shown.id != items.step:
            items.step = shown.id
            items.refill()
        if items.display:
            items.drain()
            if not items.has_focus and watched.going:
                items.keep_active_in_sight()
        if shown is not None:
            looks = bool(shown.findings) and not shown.items
            items.display, findings.display = bool(shown.items), looks
            if looks:
                findings.show(shown.findings.values())
                if not findings.has_focus and findings.scroll_y < findings.max_scroll_y:
                    findings.scroll_end(animate=False)
        else:
            items.display = findings.display = False
        self.query_one("#now", Words).say(self.now(shown))
        if self.seen != watched.version or self.word != watched.word:
            self.seen, self.word = watched.version, watched.word
            self.query_one("#steps", Words).say(self.steps())
            self.say_where()
            self.rewrite()
        if state.over or watched.died:
            self.ended()

    def say_where(self) -> None:
        """The line on why, and the labels."""
        watched = self.watched
        self.query_one("#why", Words).say(
            "It goes on without this terminal too; `airgap-wizard attach` shows it again."
            if watched.going
            else f"Run {watched.folder.id}: {watched.word}."
        )

    def shown_step(self) -> StepState | None:
        """The running step, else the one that ended the run, else the last that did something."""
        state = self.watched.state
        if state.current:
            return state.current
        over = [s for s in state.steps.values() if s.phase is Phase.OVER]
        return next((s for s in over if s.problem), over[-1] if over else None)

    def steps(self) -> Content:
        """One line a step."""
        state, signs = self.watched.state, self.wizard.glyphs
        width = min(100, self.size.width - 4) - 3
        out: list[tuple[str, str] | str] = []
        if not state.steps:
            return Content("The run is starting …" if self.watched.going else "The run never began.")
        shown, before, after = self.window(list(state.steps.values()))
        if before:
            out += [f"{signs.passed}  1-{before} done", "\n"]
        for number, step in enumerate(shown, start=before + 1):
            sign, word, style = self.told(step)
            head = f"{sign} {number:2} {step.title}"
            out += [(pad(head, width - len(word) - 1, signs.ellipsis) + " " + word, style), "\n"]
        if after:
            out += [(f"{signs.waiting} and {after} more steps", "$secondary"), "\n"]
        return joined(*out[:-1])

    def window(self, steps: list[StepState]) -> tuple[list[StepState], int, int]:
        """The steps that there is room for, and how many stand before and after them in one line each: what is done
        goes first, what waits last; nothing that failed, or runs, is ever left out."""
        room = len(steps) if self.size.height >= 32 else ROWS
        before = after = 0
        over = [s.outcome in (Outcome.DONE, Outcome.ALREADY) for s in steps]
        done = over.index(False) if False in over else len(steps)
        if len(steps) > room:
            before = max(0, min(done - 1, len(steps) - room + 1))
            before = before if before > 1 else 0
        left = len(steps) - before + bool(before)
        if left > room:
            after = left - room + 1
        return steps[before : len(steps) - after], before, after

    def told(self, step: StepState) -> tuple[str, str, str]:
        """Sign, words, style of a step."""
        signs = self.wizard.glyphs
        if step.phase is Phase.RUNNING:
            return (
                (signs.active, "running", "bold")
                if self.watched.going
                else (signs.unknown, "NOT KNOWN", "$error bold")
            )
        time = span(step.seconds)
        return {
            None: (signs.waiting, "waiting" if self.watched.going else "not done", "$secondary"),
            Outcome.DONE: (signs.passed, f"done {time:>7}", ""),
            Outcome.ALREADY: (signs.passed, "done already", ""),
            Outcome.SKIPPED: (signs.waiting, "skipped", "$secondary"),
            Outcome.FAILED: (signs.failed, f"FAILED {time:>7}", "$error bold"),
            Outcome.STOPPED: (signs.warned, "stopped", "$warning bold"),
        }[step.outcome]

    def now(self, step: StepState | None) -> str:
        """What happens: bytes, pace, time left, or the last word; a stall by name."""
        watched, state = self.watched, self.watched.state
        if watched.died:
            return "The run was KILLED: its journal has no end. Run the same answers again; what is done is recognised."
        if state.over:
            return f"{'Done' if state.outcome is Outcome.DONE else watched.word} in {span(state.seconds)}, {size(state.bytes_copied)} copied"
        if step is None:
            return ""
        now = self.wizard.clock()
        if stalled := watched.stalled(step, now):
            return stalled
        if step.items:
            return self.pace(step, now)
        last = watched.last_said(step.id)
        elapsed = span(max(0.0, now - step.started))
        return cut(f"{elapsed}  {last or 'looking …'}", 3 * (self.size.width - 4))

    def pace(self, step: StepState, now: float) -> str:
        """bytes of bytes, rate, time left, items, retries."""
        rate = self.watched.paces[step.id].rate(now) if step.id in self.watched.paces else 0.0
        left = step.bytes_total - step.bytes_done
        over = sum(m.move.over for m in step.items.values())
        tries = sum(m.tries for m in step.items.values())
        parts = [f"{size(step.bytes_done)} of {size(step.bytes_total)}", f"{over} of {len(step.items)} items"]
        parts += [f"{size(rate)}/s"] if rate else []
        parts += [f"{span(left / rate)} left"] if rate and left > 0 else []
        parts += [f"{tries} retries"] if tries else []
        return ", ".join(parts)

    @property
    def next_label(self) -> str:  # type: ignore[override]
        """Where the main key leads."""
        state = self.watched.state
        if self.watched.died or state.outcome in (Outcome.FAILED, Outcome.STOPPED):
            return "What happened"
        return "Results" if state.over else "Wait"

    def ended(self) -> None:
        """The main button says where to go on."""
        self.query_one("#push-stop").display = False
        push = self.query_one("#push-next", Push)
        if push.label != self.next_label:
            push.relabel(self.next_label)
            push.focus()
            self.rewrite()

    def press_next(self) -> None:
        """Results or failure, once it is over."""
        from screens.pages.done import Done
        from screens.pages.failure import Failure
        from screens.pages.verification import Verification

        watched = self.watched
        if watched.going:
            self.notice("The run goes on. F10 leaves it to itself; this page follows it.")
        elif watched.died or watched.state.outcome in (Outcome.FAILED, Outcome.STOPPED):
            self.app.push_screen(Failure(watched))
        elif watched.state.findings:
            self.app.push_screen(Verification(watched))
        else:
            self.app.push_screen(Done(watched))

    def press_digests(self) -> None:
        """The table on a page of its own."""
        from screens.pages.digests import Digests

        self.app.push_screen(Digests(self.watched))

    def press_log(self) -> None:
        """F3."""
        self.wizard.action_log()

    def press_stop(self) -> None:
        """After a question."""
        self.wizard.launching.stop_run()

    def press_leave(self) -> None:
        """F10."""
        self.wizard.action_leave()

    def press_back(self) -> None:
        """To the hub."""
        self.wizard.spine.to_review()

    @on(DataTable.RowSelected)
    def _opened(self, event: DataTable.RowSelected) -> None:
        from screens.dialogs import Message

        event.stop()
        if isinstance(event.data_table, Items) and (moved := event.data_table.here):
            self.app.push_screen(Message("One item", detail(moved), copy=moved.digest))
        elif isinstance(event.data_table, Findings):
            event.data_table.open(self)
