"""Verdicts in a table: verdict, check, what was seen. Enter shows evidence, remedies and the explanation."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.widgets import DataTable

from screens.glyphs import Glyphs
from screens.widgets.text import cut
from wizard.engine.events import Finding, Grade

if TYPE_CHECKING:
    from textual.screen import Screen

STYLES = {Grade.PASS: "", Grade.WARN: "bold", Grade.FAIL: "bold reverse", Grade.UNKNOWN: "bold reverse"}
"""Unknown is as loud as a failure; both are told by the word first."""

Waiting = tuple[str, str]


class Findings(DataTable[Text]):
    """Rows keyed by check id; rows that are not judged yet say so."""

    DEFAULT_CSS = "Findings { height: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(cursor_type="row", id=id, cell_padding=0)
        self.signs: Glyphs | None = None
        self.findings: dict[str, Finding] = {}
        self._rows: dict[str, tuple[str, str]] = {}
        self._room = 40

    def begin(self, signs: Glyphs, width: int) -> None:
        """Columns anew."""
        self.signs = signs
        self.clear(columns=True)
        self._rows.clear()
        self._room = max(20, width - 12 - 29 - 2)
        self.add_column("verdict", key="verdict", width=12)
        self.add_column("check", key="check", width=29)
        self.add_column("what was seen", key="seen", width=self._room)

    def show(
        self, findings: Iterable[Finding], waiting: Iterable[Waiting] = (), running: bool = False
    ) -> None:
        """Write what changed. `waiting` are (check, title) in order; the first that is not judged is the running one."""
        if self.signs is None:
            return
        self.findings = {f.check: f for f in findings}
        order = dict(waiting)
        for check in self.findings:
            order.setdefault(check, "")
        if any(check not in order for check in self._rows):  # those of another step
            self.clear()
            self._rows.clear()
        first = running
        for check, title in order.items():
            finding = self.findings.get(check)
            if finding is not None:
                row = (self.signs.grade(finding.grade), finding.title)
                style = STYLES[finding.grade]
            else:
                word = (
                    f"{self.signs.active} running"
                    if first
                    else f"{self.signs.waiting} waiting"
                    if running
                    else f"{self.signs.unknown} not run"
                )
                row, style, first = (word, title), "", False
            self._write(check, row, style)

    def _write(self, check: str, row: tuple[str, str], style: str) -> None:
        assert self.signs is not None
        before = self._rows.get(check)
        if before == row:
            return
        self._rows[check] = row
        seen = cut(row[1].replace("\n", " "), self._room, self.signs.ellipsis)
        if before is None:
            self.add_row(Text(row[0], style=style), Text(check), Text(seen), key=check)
        else:
            self.update_cell(check, "verdict", Text(row[0], style=style))
            self.update_cell(check, "seen", Text(seen))

    @property
    def check_here(self) -> str:
        """The check under the cursor."""
        keys = list(self._rows)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else ""

    def open(self, screen: "Screen[Any]") -> None:
        """All that is known of the check under the cursor, and its explanation."""
        from screens.dialogs import Message

        check = self.check_here
        finding = self.findings.get(check)
        text = told(finding) if finding else "not judged yet"
        screen.app.push_screen(Message(check, f"{text}\n\n{explained(check)}", copy=text))


def told(finding: Finding) -> str:
    """A verdict with everything behind it."""
    lines = [f"{finding.grade.value.upper()}: {finding.title}"]
    lines += [finding.detail] if finding.detail else []
    lines += [f"do: {r.text}" + (f"\n    $ {r.command}" if r.command else "") for r in finding.remedies]
    if finding.evidence:
        lines += ["", "evidence", *evidence_lines(finding.evidence)]
    return "\n".join(lines)


def evidence_lines(evidence: Any, indent: str = "  ") -> list[str]:
    """Evidence as indented lines."""
    out = []
    for key, value in evidence.items():
        if isinstance(value, dict):
            out += [f"{indent}{key}:", *evidence_lines(value, indent + "  ")]
        elif isinstance(value, list | tuple):
            out.append(f"{indent}{key}: {', '.join(map(str, value)) or 'none'}")
        else:
            out.append(f"{indent}{key}: {value}")
    return out


def explained(code: str) -> str:
    """The explanation page of a check or a problem; "" where there is none."""
    from wizard import explain
    from wizard.engine.problems import Problem

    try:
        page = explain.page(code)
    except Problem:
        return ""
    parts = [f"{title.upper()}\n{flowing(text)}" for title, text in page.parts.items()]
    return "\n\n".join(parts)


def flowing(text: str) -> str:
    """Markdown as text: lines of a paragraph joined, lists and commands left as they are."""
    out: list[str] = []
    open_block = False
    for line in text.splitlines():
        kept = line.startswith(("    ", "|", "```"))
        item = line.startswith(("- ", "* ")) or line[:2].rstrip(".").isdigit()
        if not line.strip() or kept or item or not open_block:
            out.append(line)
        else:
            out[-1] += " " + line.strip()
        open_block = bool(line.strip()) and not kept
    return "\n".join(out)
