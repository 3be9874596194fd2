"""Done: the record of the install, and how to do the same again without a terminal."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.widget import Widget

from screens.pages.live import LivePage
from screens.widgets.text import Words, joined
from wizard.engine.commands import Commands
from wizard.engine.events import Grade
from wizard.reports.units import size, span


class Done(LivePage):
    """Digests, versions, checks, commands."""

    heading = "Done"
    topic = "done"
    next_label = "Leave"
    DEFAULT_CSS = "Done VerticalScroll { height: 1fr; }"

    def labels(self) -> dict[str, str]:
        """F10 leaves; that F8 does too need not be said."""
        return {k: v for k, v in super().labels().items() if k != "next"}

    def body(self) -> Iterable[Widget]:
        """One text."""
        with VerticalScroll(id="all"):
            yield Words(id="record")

    def buttons(self) -> list[tuple[str, str]]:
        return [
            ("save", "Save answers"),
            ("copy", "Copy the record"),
            ("digests", "Digests"),
            ("back", "Back"),
            ("next", "Leave"),
        ]

    def on_mount(self) -> None:
        self.redraw()
        self.query_one("#push-save").focus()

    def redraw(self) -> None:
        """All of it."""
        state = self.watched.state
        mark = " Nothing real was installed: this was a rehearsal." if self.rehearsal else ""
        self.query_one("#why", Words).say(
            f"{state.journey} done in {span(state.seconds)}, {size(state.bytes_copied)} copied.{mark}"
        )
        parts: list[str | tuple[str, str]] = []
        for title, lines in self.record():
            parts += [(title, "bold"), "\n", *(f"  {line}\n" for line in lines), "\n"]
        self.query_one("#record", Words).say(joined(*parts))

    def record(self) -> list[tuple[str, list[str]]]:
        """Chapters: title and lines."""
        state, signs = self.watched.state, self.wizard.glyphs
        chapters: list[tuple[str, list[str]]] = []
        lines = [
            f"{signs.grade(f.grade)}  {f.check}: {f.title}"
            for f in state.findings
            if f.grade is not Grade.PASS
        ]
        count = {g: state.count(g) for g in Grade}
        if any(count.values()):
            tally = ", ".join(f"{n} {signs.grade(g)[2:]}" for g, n in count.items() if n)
            chapters.append((f"Checks: {tally}", lines or ["all passed"]))
        chapters.append(
            (
                "To do the same again, without a terminal",
                [self.replay(), "what is done already is recognised"],
            )
        )
        for kind in ("images", "models"):
            rows = dict(row for s in state.steps.values() for row in digests(s.evidence, kind))
            if rows:
                chapters.append(
                    (
                        f"{kind.capitalize()}, by digest",
                        [line for k, v in rows.items() for line in (v, f"  {k}")],
                    )
                )
        versions = [line for s in state.steps.values() for line in version_lines(s.evidence)]
        if versions:
            chapters.append(("Versions", versions))
        chapters.append(
            ("Kept in", [str(self.watched.folder.path), "answers, journal, evidence and summary; no secret"])
        )
        return chapters

    def replay(self) -> str:
        """The command that does the same again, with the answers as this run used them."""
        options = self.watched.options
        return Commands.of(options, self.watched.folder.answers).again(options)

    def press_save(self) -> None:
        """The answers into a file."""
        self.wizard.showing.take_answers_of(self.watched.folder)
        self.wizard.keeping.save()

    def press_copy(self) -> None:
        """The record as text."""
        self.wizard.copy(
            "\n".join(line for title, lines in self.record() for line in (title, *(f"  {t}" for t in lines)))
        )

    def press_digests(self) -> None:
        """The table."""
        from screens.pages.digests import Digests

        self.app.push_screen(Digests(self.watched))

    def press_next(self) -> None:
        """Out."""
        self.wizard.action_leave()


def digests(evidence: object, kind: str) -> list[tuple[str, str]]:
    """(digest, reference) of what a step recorded."""
    rows = evidence.get(kind) if isinstance(evidence, dict) else None
    out = []
    for name, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict) and "digest" in row:
            out.append((str(row["digest"]), str(row.get("target") or row.get("reference") or name)))
    return out


def version_lines(evidence: object) -> list[str]:
    """Chart, release, Helm, as a step recorded them."""
    if not isinstance(evidence, dict):
        return []
    out = []
    chart = evidence.get("chart")
    if isinstance(chart, dict) and "version" in chart:
        fixes = ", ".join(f["id"] for f in chart.get("fixes", []))
        out.append(f"chart {chart.get('name')} {chart['version']}" + (f", mended: {fixes}" if fixes else ""))
        out.append(f"  {chart.get('digest')}")
    if evidence.get("helm"):
        out.append(f"Helm {evidence['helm']}")
    if evidence.get("release"):
        out.append(
            f"release {evidence.get('namespace')}/{evidence['release']}, revision {evidence.get('revision')}"
        )
    return out
