"""The egress matrix: component × target, each cell refused, REACHED or UNKNOWN, the controls beside it."""

from textual.content import Content

from screens.glyphs import Glyphs
from screens.widgets.text import content, joined, pad
from wizard.engine.events import Finding

_WORDS = {"blocked": "refused", "reached": "REACHED"}
_CELL = 9


def matrix(finding: Finding | None, signs: Glyphs, width: int) -> Content:
    """As text. The last column is the control: a pod without any policy."""
    if finding is None:
        return content(
            f"{signs.unknown} UNKNOWN: egress was not tried in this run, so nothing is claimed about it."
        )
    cells = finding.evidence.get("matrix") or {}
    control = finding.evidence.get("withoutPolicy") or {}
    allowed = finding.evidence.get("allowedReached") or {}
    targets = list(dict.fromkeys([*control, *(t for row in cells.values() for t in row)]))
    if not cells or not targets:
        return content(f"{signs.unknown} UNKNOWN: {finding.title}")
    room = max(16, width - _CELL * (len(cells) + 1) - 2)
    head = pad("egress, from inside", room) + "".join(pad(name, _CELL) for name in cells) + "control"
    parts: list[str | tuple[str, str]] = [(head, "bold underline"), "\n"]
    for target in targets:
        parts.append(pad(target, room - 1, signs.ellipsis) + " ")
        parts += [cell(row.get(target, "")) for row in cells.values()]
        parts += [cell(control.get(target, ""), bad=False), "\n"]
    parts.append(pad("what it may reach", room))
    for name in cells:
        good = allowed.get(name)
        parts.append(
            (pad("reached", _CELL), "")
            if good
            else (pad("UNKNOWN" if good is None else "BLIND", _CELL), "bold reverse")
        )
    parts.append("\n")
    parts.append("control: the same target from a pod that no policy names.")
    return joined(*parts)


def cell(outcome: str, *, bad: bool = True) -> tuple[str, str]:
    """One cell; what was reached, or is not known, is loud. The control is meant to reach what it can."""
    word = _WORDS.get(outcome, "UNKNOWN")
    if not bad:
        return pad(word.lower() if outcome else "UNKNOWN", _CELL), ""
    return pad(word, _CELL), "" if outcome == "blocked" else "bold reverse"
