"""F6: the runs there were and are; Enter shows one as if one had been there all the time."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.dialogs import Ask
from screens.frame import Page
from screens.meanwhile import meanwhile
from screens.session import Opened
from screens.watched import Watched
from screens.widgets.text import Words, content, pad
from wizard.engine.codec import decode
from wizard.engine.events import Ended, Event
from wizard.engine.folder import RunFolder, run_folders
from wizard.engine.journal import being_written
from wizard.engine.problems import Problem
from wizard.reports.units import span

SHOWN = 200
_END = 1 << 17
"""Bytes of either end of a journal that are looked at: an event is far smaller."""


class Runs(Page):
    """Newest first."""

    heading = "Runs"
    topic = "runs"
    why = "Newest first. Enter shows a run: one that goes on as it goes, one that is over as it ended."
    again_label = "Look again"
    next_label = ""

    def __init__(self) -> None:
        super().__init__()
        self.folders: list[RunFolder] = []

    def body(self) -> Iterable[Widget]:
        """A list."""
        yield Words(pad("  begun (UTC)", 20) + pad("status", 11) + pad("took", 14) + "journey")
        yield OptionList(id="runs", compact=True)

    def buttons(self) -> list[tuple[str, str]]:
        rows = [
            ("open", "Show"),
            ("diagnose", "Diagnose"),
            ("report", "Support"),
            ("bundle", "Open a bundle"),
        ]
        session = self.wizard.session
        able = {"diagnose": session.diagnose, "report": session.gather, "bundle": session.read}
        return [*(r for r in rows if able.get(r[0], True)), ("again", "Look again"), ("back", "Back")]

    @property
    def folder(self) -> RunFolder | None:
        """The one under the cursor."""
        return self.here

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

    @property
    def here(self) -> RunFolder | None:
        """The run under the cursor."""
        index = next((o.highlighted for o in self.query(OptionList)), None)
        return self.folders[index] if index is not None and index < len(self.folders) else None

    def press_diagnose(self) -> None:
        """Why it does not work: of any run, however it ended."""
        from screens.pages.diagnosis import Diagnose

        if self.here:
            self.app.push_screen(Diagnose(self.here))

    def press_report(self) -> None:
        """F9."""
        self.wizard.action_report()

    def press_bundle(self) -> None:
        """A support bundle that somebody brought."""
        ask_for_bundle(self)

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
        self.wizard.showing.show(watched)


def ask_for_bundle(page: Page) -> None:
    """Which file; then its pages."""
    read = page.wizard.session.read
    assert read is not None

    def named(path: str | None) -> None:
        if not path:
            return
        page.notice("reading it …", fades=False)
        meanwhile(page, lambda: read(Path(path).expanduser()), opened)

    def opened(result: Opened | Problem) -> None:
        page.notice("")
        if isinstance(result, Problem):
            page.wizard.tell(result)
        else:
            page.wizard.read(result)

    text = "The file of a support bundle. It is read, and nothing in it is unpacked or believed.\n"
    page.app.push_screen(Ask("Open a support bundle", text, "", "Open"), named)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list shows of a run; read off the two ends of its journal, however long that is."""

    begun: float = 0.0
    latest: float = 0.0
    seconds: float = 0.0
    word: str = "?"


def glance(folder: RunFolder) -> Glance:
    """At the first line and the last ones."""
    first, last = ends(folder.journal)
    begun = first[0].at if first else 0.0
    over = next((e for e in reversed(last) if isinstance(e, Ended) and not e.step), None)
    latest = last[-1].at if last else begun
    if over is None:
        return Glance(begun, latest, 0.0, "running" if being_written(folder.journal) else "DIED")
    word = {"failed": "FAILED", "skipped": "dry run"}.get(over.outcome.value, over.outcome.value)
    return Glance(begun, latest, over.seconds, word)


def ends(path: Path) -> tuple[list[Event], list[Event]]:
    """The first event and the events of the last lines of a journal."""
    try:
        with path.open("rb") as file:
            head = file.readline(_END)
            size = file.seek(0, 2)
            file.seek(max(0, size - _END))
            tail = file.read(_END).splitlines()
    except OSError:
        return [], []
    return events([head]), events(tail if size <= _END else tail[1:])


def events(lines: Iterable[bytes]) -> list[Event]:
    """Those lines that are events."""
    out = []
    for line in lines:
        try:
            event = decode(json.loads(line))
        except (ValueError, AttributeError):
            continue
        if event is not None:
            out.append(event)
    return out


def row(folder: RunFolder) -> str:
    """One line."""
    seen = glance(folder)
    begun = time.strftime("%Y-%m-%d %H:%M", time.gmtime(seen.begun)) if seen.begun else "?"
    took = span(seen.seconds or max(0.0, seen.latest - seen.begun))
    try:
        options = folder.options()
    except Problem:
        return f"  {begun:18}damaged    {folder.id}"
    what = options.journey + (f" ({', '.join(options.only)})" if options.only else "")
    mark = f"   REHEARSAL {options.rehearse}" if options.rehearse else ""
    return f"  {begun:18}{seen.word:11}{took:14}{what}{mark}"
