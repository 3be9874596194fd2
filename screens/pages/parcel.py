"""A support bundle that somebody brought: its causes, its timeline, what is not in it, and its files as a tree."""

import time
from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.frame import Page
from screens.members import Branch, lines_of, tree
from screens.pages.diagnosis import Diagnose
from screens.pages.reading import Reading
from screens.session import Opened
from screens.widgets import causes, contents
from screens.widgets.text import Words, content, cut
from wizard.diagnosis.text import clean
from wizard.engine.folder import RunFolder
from wizard.reports.units import size


class Parcel(Page):
    """Nothing in it is believed: texts are shown as they are, and nothing in them acts on the terminal."""

    heading = "Support bundle"
    topic = "parcel"
    next_label = "Open"
    DEFAULT_CSS = "Parcel OptionList { height: 1fr; }"

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.opened = opened
        self.unfolded: set[str] = set()
        self.keys: list[str | Branch] = []

    @property
    def folder(self) -> RunFolder | None:
        return None  # it is a bundle already

    @property
    def journey(self) -> str:
        return clean(self.opened.name, 40)

    @property
    def rehearsal(self) -> str:
        return clean(self.opened.bundle.manifest.rehearsal, 20)

    def body(self) -> Iterable[Widget]:
        """One list."""
        yield OptionList(id="rows", compact=True)

    def buttons(self) -> list[tuple[str, str]]:
        return [("next", "Open"), ("causes", "Causes"), ("timeline", "Timeline"), ("back", "Back")]

    def on_mount(self) -> None:
        self.query_one("#why", Words).say(self.origin())
        options = self.query_one(OptionList)
        options.focus()
        self.redraw()

    def on_resize(self) -> None:
        """Other widths."""
        self.redraw()

    def origin(self) -> str:
        """Who made it, when, and of what."""
        manifest = self.opened.bundle.manifest
        made = f"Made {clean(manifest.made, 40) or 'at an unknown time'} by version {clean(manifest.program, 20) or '?'}"
        of = [f"run {clean(manifest.run, 60)}" if manifest.run else "",
              f"release {clean(manifest.release, 40)} in {clean(manifest.namespace, 40)}" if manifest.release else ""]  # fmt: skip
        return f"{made}; {', '.join(filter(None, of)) or 'of nothing that it names'}."

    def redraw(self) -> None:
        """All rows; the cursor stays where it is."""
        options = self.query_one(OptionList)
        where = options.highlighted or 0
        rows = [*self.chapters(), *self.files()]
        self.keys = [key for key, _ in rows]
        room, dots = self.size.width - 4, self.wizard.glyphs.ellipsis
        options.clear_options()
        options.add_options(Option(content(cut(line, room, dots)), disabled=not key) for key, line in rows)
        options.highlighted = min(where, len(rows) - 1)

    def chapters(self) -> list[tuple[str | Branch, str]]:
        """What it comes to."""
        opened, signs = self.opened, self.wizard.glyphs
        found, manifest = opened.diagnosis, opened.bundle.manifest
        rows: list[tuple[str | Branch, str]] = [
            ("causes", line)
            for key, line in causes.rows(found, 400, signs)
            if key.startswith("cause") or key == "none"
        ]
        rows.append(
            ("timeline", f"{signs.arrow} Timeline: {len(opened.timeline)} moments of the run and the cluster")
        )
        if notes := opened.bundle.notes:
            rows.append(
                ("notes", f"{signs.warned} Wrong with the file: {clean(notes[0], 60)}, {len(notes)} in all")
            )
        if missing := contents.missing(manifest):
            rows.append(("missing", f"{signs.unknown} Not got, which is no pass: {len(missing)}"))
        rows.append(
            ("taken", f"{signs.waiting} Taken out before it was written: {contents.in_all(manifest)}")
        )
        return rows

    def files(self) -> list[tuple[str | Branch, str]]:
        """The tree."""
        bundle = self.opened.bundle
        rows: list[tuple[str | Branch, str]] = [("", f"The {len(bundle.files)} files in it")]
        for branch in tree(bundle.files, self.unfolded):
            sign = ("v" if branch.path in self.unfolded else ">") if branch.folder else " "
            count = f"{branch.files} file{'s' * (branch.files != 1)}, " if branch.folder else ""
            rows.append((branch, f"{'  ' * branch.depth}{sign} {branch.name}   {count}{size(branch.size)}"))
        return rows

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.press_next()

    def press_next(self) -> None:
        """F8, Enter: what is under the cursor."""
        index = self.query_one(OptionList).highlighted
        key = self.keys[index] if index is not None and index < len(self.keys) else ""
        if isinstance(key, Branch):
            self.open(key)
        elif key:
            self.press(key)

    def open(self, branch: Branch) -> None:
        """A folder opens and closes; a file is shown."""
        if branch.folder:
            self.unfolded ^= {branch.path}
            self.redraw()
        else:
            lines = lines_of(branch.path, self.opened.bundle.files[branch.path])
            self.show(branch.path, lines, end=branch.path.endswith(".log"))

    def show(self, heading: str, lines: list[str], why: str = "", *, end: bool = False) -> None:
        """A text on a page of its own."""
        self.app.push_screen(Reading(heading, lines, why=why, world=self.rehearsal, end=end))

    def press_causes(self) -> None:
        """The same page as of a run."""
        self.app.push_screen(Diagnose(found=self.opened.diagnosis))

    def press_timeline(self) -> None:
        """What the run and the cluster said, on one axis."""
        lines = [f"{moment(at)}  {clean(who, 40):8} {clean(text)}" for at, who, text in self.opened.timeline]
        self.show(
            "Timeline", lines or ["nothing in it has a time"], "Run and cluster on one axis; times are UTC."
        )

    def press_notes(self) -> None:
        """What was wrong with the file."""
        self.show("Wrong with the file", [clean(note) for note in self.opened.bundle.notes])

    def press_missing(self) -> None:
        """What whoever made it could not get."""
        self.show(
            "Not got",
            contents.missing(self.opened.bundle.manifest),
            "What could not be got is unknown, and no pass.",
        )

    def press_taken(self) -> None:
        """By file and rule; the values are nowhere."""
        taken = contents.taken(self.opened.bundle.manifest)
        lines = [f"{clean(file, 120)}: {out}" for file, out in sorted(taken.items())]
        self.show("Taken out", lines or ["nothing"], "By file and rule. The values are nowhere in it.")


def moment(at: float) -> str:
    """UTC; "?" for what is no time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
    except (OverflowError, ValueError, OSError):
        return "?"
