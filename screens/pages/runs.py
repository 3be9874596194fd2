"""F6: the runs there were and are; Enter shows one as if one had been there all the time."""

import time
from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.frame import Page
from screens.watched import Watched
from screens.widgets.text import Words, content, pad
from wizard.engine.folder import RunFolder, run_folders
from wizard.engine.journal import Tail, being_written
from wizard.engine.problems import Problem
from wizard.engine.state import RunState, fold
from wizard.reports.units import span

SHOWN = 200


class Runs(Page):
    """Newest first."""

    heading = "Runs"
    topic = "runs"
    why = "Newest first. Enter shows a run: one that goes on as it goes, one that is over as it ended."
    next_label = ""

    def body(self) -> Iterable[Widget]:
        """A list."""
        yield Words(pad("  begun (UTC)", 20) + pad("status", 11) + pad("took", 14) + "journey")
        yield OptionList(id="runs", compact=True)

    def buttons(self) -> list[tuple[str, str]]:
        return [("open", "Show"), ("again", "Look again"), ("back", "Back")]

    def on_mount(self) -> None:
        self.press_again()
        self.query_one(OptionList).focus()

    def press_again(self) -> None:
        """F5."""
        self.folders = list(reversed(run_folders()))[:SHOWN]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(content(row(f)), id=f.id) for f in self.folders])
        if not self.folders:
            options.add_option(Option("no run yet", disabled=True))
        else:
            options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.show(event.option_index)

    def press_open(self) -> None:
        """What is under the cursor."""
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.show(index)

    def show(self, index: int) -> None:
        """Attach."""
        if index >= len(self.folders):
            return
        try:
            watched = Watched(self.folders[index])
        except Problem as problem:
            self.wizard.tell(problem)
            return
        self.app.pop_screen()
        self.wizard.show_run(watched)


def status(folder: RunFolder) -> tuple[RunState, str]:
    """Its state and a word for it."""
    state = fold(Tail(folder.journal).read(1 << 26))
    if state.outcome:
        return state, {"failed": "FAILED", "skipped": "dry run"}.get(state.outcome.value, state.outcome.value)
    return state, "running" if being_written(folder.journal) else "DIED"


def row(folder: RunFolder) -> str:
    """One line."""
    state, word = status(folder)
    begun = time.strftime("%Y-%m-%d %H:%M", time.gmtime(state.started)) if state.started else "?"
    took = span(state.seconds or max(0.0, state.latest - state.started))
    try:
        options = folder.options()
    except Problem:
        return f"  {begun:18} damaged    {folder.id}"
    what = options.journey + (f" ({', '.join(options.only)})" if options.only else "")
    mark = f"   REHEARSAL {options.rehearse}" if options.rehearse else ""
    return f"  {begun:18}{word:11}{took:14}{what}{mark}"
