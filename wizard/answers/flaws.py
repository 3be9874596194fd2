"""Flaws: what is wrong with answers, where, what was expected; and the one problem that carries all of them."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizard.engine.problems import Problem, Remedy

_SECRETIVE = re.compile(r"pass|secret|token|credential|apikey|privatekey", re.IGNORECASE)
_TOKENISH = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+_=-]{20,}\Z")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file with line and column (from 1), or `--set #2` (line 0)."""

    name: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}" if self.line else self.name


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong. `said` is the sentence without place and path, the same in every front end."""

    message: str
    expected: str = ""
    hint: str = ""
    path: str = ""
    place: Place = Place()

    @property
    def said(self) -> str:
        """`what is wrong; expected …; did you mean …`."""
        expected = f"expected {self.expected}" if self.expected else ""
        return "; ".join(part for part in (self.message, expected, self.hint) if part)

    def at(self, place: Place, path: str = "") -> "Flaw":
        """The same, with its place (and path)."""
        return replace(self, place=place, path=path or self.path)

    def __str__(self) -> str:
        where = " ".join(part for part in (str(self.place), self.path) if part)
        return f"{where}: {self.said}" if where else self.said

    @property
    def data(self) -> dict[str, str | int]:
        """As JSON."""
        return {
            "place": str(self.place),
            "line": self.place.line,
            "column": self.place.column,
            "path": self.path,
            "message": self.message,
            "expected": self.expected,
            "hint": self.hint,
        }


def quoted(text: str) -> str:
    """`text` in quotes, safe for a terminal and short."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
    return f'"{safe[:_SHOWN]}…"' if len(safe) > _SHOWN else f'"{safe}"'


def shown(text: str, path: str) -> str:
    """A refused value as a message may repeat it: never what may be a secret, never a URL's user info."""
    if _SECRETIVE.search(path) or _TOKENISH.match(text):
        return "the value (not repeated here)"
    if "@" in text and "@sha256:" not in text:
        text = "…@" + text.rpartition("@")[2]
    return quoted(text)


def invalid(name: str, flaws: Sequence[Flaw]) -> Problem:
    """The problem `answers-invalid` (exit 2) with every flaw, in the order of the file."""
    ordered = sorted(flaws, key=lambda f: (f.place.line == 0, f.place.line, f.place.column))
    count = "1 fault" if len(ordered) == 1 else f"{len(ordered)} faults"
    return Problem(
        "answers-invalid",
        f"{name}: {count}",
        detail="\n".join(str(flaw) for flaw in ordered),
        remedies=(
            Remedy(
                "mend each place named above, then check again",
                f"airgap-wizard answers check {shlex.quote(name)}",
            ),
            Remedy("read what an answer means", "airgap-wizard answers explain PATH"),
        ),
        evidence={"faults": [flaw.data for flaw in ordered]},
        exit_code=2,
    )
