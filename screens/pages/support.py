"""What a support bundle would hold, before anything leaves: every file, what was taken out of it, what was not got."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.dialogs import Ask, Confirm, Message
from screens.frame import Page
from screens.meanwhile import meanwhile
from screens.members import lines_of
from screens.pages.diagnosis import world_of
from screens.pages.reading import Reading
from screens.widgets import contents
from screens.widgets.push import Push
from screens.widgets.text import content, cut
from wizard.engine.folder import RunFolder
from wizard.engine.problems import Problem
from wizard.reports.units import size
from wizard.support.format import Bundle


class Support(Page):
    """The same as `airgap-wizard support-bundle --preview`; F8 writes it."""

    heading = "Support bundle"
    topic = "support"
    next_label = "Write"
    again_label = "Again"
    DEFAULT_CSS = "Support OptionList { height: 1fr; }"

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.of = folder
        self.bundle: Bundle | None = None
        self.pseudonyms = False
        self.busy = False
        self.looking = 0
        self.names: list[str] = []
        """Of each row its file; "" of a row that is none."""

    @property
    def folder(self) -> RunFolder | None:
        return None  # F9 leads here

    @property
    def rehearsal(self) -> str:
        return world_of(self.of)

    def body(self) -> Iterable[Widget]:
        """One list."""
        yield OptionList(id="files", compact=True)

    def buttons(self) -> list[tuple[str, str]]:
        return [
            ("next", "Write it"),
            ("show", "Show the file"),
            ("pseudonyms", self.pseudonyms_label),
            ("again", "Look again"),
            ("back", "Back"),
        ]

    @property
    def pseudonyms_label(self) -> str:
        """As it is."""
        return f"Pseudonyms: {'on' if self.pseudonyms else 'off'}"

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.press_again()

    def on_resize(self) -> None:
        """Other widths."""
        self.redraw()

    def press_again(self) -> None:
        """F5: gather it, in memory."""
        self.looking += 1
        number, gather = self.looking, self.wizard.session.gather
        assert gather is not None
        self.busy = True
        self.notice("gathering what is known of this run and its site …", fades=False)
        meanwhile(
            self, lambda: gather(self.of, self.pseudonyms), lambda result: self.gathered(number, result)
        )

    def gathered(self, number: int, result: Bundle | Problem) -> None:
        """What came of it."""
        if number != self.looking:
            return
        self.busy = False
        self.notice("")
        if isinstance(result, Problem):
            self.wizard.tell(result)
            return
        self.bundle = result
        self.redraw()

    def redraw(self) -> None:
        """All rows; the cursor stays where it is."""
        if self.bundle is None:
            return
        bundle, manifest = self.bundle, self.bundle.manifest
        total = size(sum(map(len, bundle.files.values())))
        self.query_one("#why").say(  # type: ignore[attr-defined]
            f"{len(bundle.files)} files, {total}. Nothing is sent anywhere. Taken out before anybody sees it: "
            f"{contents.in_all(manifest)}."
            + (" Host names and addresses are pseudonyms." if manifest.pseudonyms else "")
        )
        options = self.query_one(OptionList)
        where = options.highlighted
        room, dots = self.size.width - 4, self.wizard.glyphs.ellipsis
        taken = contents.taken(manifest)
        rows = [("", "What would leave the site; Enter shows a file as it would leave")]
        for name, data in sorted(bundle.files.items()):
            out = f"   taken out: {taken[name]}" if name in taken else ""
            rows.append((name, f"{size(len(data)):>9}  {name}{out}"))
        if missing := contents.missing(manifest):
            rows.append(("", "What was not got, which is no pass"))
            rows += [("", f"  {line}") for line in missing]
        self.names = [name for name, _ in rows]
        options.clear_options()
        options.add_options(
            Option(content(cut(line, room, dots)), disabled=not name and not line.startswith(" "))
            for name, line in rows
        )
        options.highlighted = min(where or 1, len(rows) - 1)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.press_show()

    def press_show(self) -> None:
        """The file under the cursor, as it would leave."""
        index = self.query_one(OptionList).highlighted
        if self.bundle is None or index is None:
            return
        if name := self.names[index]:
            lines = lines_of(name, self.bundle.files[name])
            self.app.push_screen(
                Reading(name, lines, why="As it would leave the site.", world=self.rehearsal)
            )
        else:
            missing = contents.missing(self.bundle.manifest)
            self.app.push_screen(Reading("What was not got", missing, world=self.rehearsal))

    def press_pseudonyms(self) -> None:
        """With or without host names and addresses."""
        self.pseudonyms = not self.pseudonyms
        self.query_one("#push-pseudonyms", Push).relabel(self.pseudonyms_label)
        self.press_again()

    def press_next(self) -> None:
        """F8: into a file."""
        if self.bundle is None:
            return
        where = Path.cwd() if os.access(Path.cwd(), os.W_OK) else self.of.path
        before = str(where / f"support-{self.of.id}.tar")
        text = "One file, for its owner alone. Nothing is sent: carry it to whoever helps.\n"
        self.app.push_screen(Ask("Write the support bundle", text, before, "Write"), self.named)

    def named(self, path: str | None) -> None:
        """Write it there."""
        if not path:
            return
        file = Path(path).expanduser().absolute()
        if not file.exists():
            self.write(file)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.write(file)

        self.app.push_screen(Confirm("There is such a file already", [str(file)], "Replace it"), answered)

    def write(self, file: Path) -> None:
        """Whole, or not at all."""
        write, bundle = self.wizard.session.write, self.bundle
        if write is None or bundle is None:
            return
        try:
            count = write(bundle, file)
        except Problem as problem:
            self.wizard.tell(problem)
            return
        read = shlex.join(["airgap-wizard", "--bundle", str(file)])
        text = f"{file}\n{size(count)}\n\nRead it, here or anywhere:\n    $ {read}"
        self.app.push_screen(Message("Support bundle written", text, copy=str(file)))
