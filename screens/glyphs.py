"""The few signs that are drawn, in two sets: for terminals that have them, and for the Linux console and vt220."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from wizard.engine.events import Grade, Move


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set. Every state has a word beside its sign: the sign only helps the eye."""

    name: str
    full: str
    empty: str
    passed: str
    warned: str
    failed: str
    unknown: str
    active: str
    waiting: str
    arrow: str
    rule: str
    ellipsis: str

    def grade(self, grade: Grade) -> str:
        """The sign and word of a verdict; unknown is as loud as a failure."""
        return {
            Grade.PASS: f"{self.passed} pass",
            Grade.WARN: f"{self.warned} WARN",
            Grade.FAIL: f"{self.failed} FAIL",
            Grade.UNKNOWN: f"{self.unknown} UNKNOWN",
        }[grade]

    def move(self, move: Move) -> str:
        """The sign and word of an item's state."""
        sign = self.passed if move.over else self.waiting if move is Move.QUEUED else self.active
        return f"{sign} {move.value}"

    def bar(self, part: float, width: int) -> str:
        """A bar of `width` cells for a part from 0 to 1."""
        filled = round(max(0.0, min(1.0, part)) * width)
        return self.full * filled + self.empty * (width - filled)


UNICODE = Glyphs("unicode", "█", "░", "✓", "!", "✗", "?", "▸", "·", "→", "─", "…")
ASCII = Glyphs("ascii", "#", ".", "+", "!", "x", "?", ">", ".", "->", "-", "~")

_PLAIN_TERMINALS = ("linux", "vt", "ansi", "cons", "sun", "xterm-mono")


def choose(environ: Mapping[str, str] = os.environ) -> Glyphs:
    """ASCII where the terminal or the locale has no more, or AIRGAP_WIZARD_GLYPHS=ascii asks for it."""
    asked = environ.get("AIRGAP_WIZARD_GLYPHS", "")
    if asked in ("ascii", "unicode"):
        return ASCII if asked == "ascii" else UNICODE
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    utf8 = "utf-8" in locale.lower() or "utf8" in locale.lower()
    plain = environ.get("TERM", "").startswith(_PLAIN_TERMINALS)
    return UNICODE if utf8 and not plain else ASCII
