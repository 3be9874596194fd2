"""A diagnosis as rows and texts: the causes in their order, what was ruled out, and what is not known."""

import textwrap

from textual.content import Content

from screens.glyphs import Glyphs
from screens.widgets.text import cut, joined, plain
from wizard.diagnosis.cause import Diagnosis, RootCause
from wizard.diagnosis.text import clean
from wizard.engine.events import Remedy
from wizard.engine.problems import Problem

PROOFS = 4
"""Proofs of a cause that are shown; further ones are counted."""
SHOWN = 8
Part = str | tuple[str, str]


def rows(found: Diagnosis, width: int, signs: Glyphs) -> list[tuple[str, str]]:
    """(key, line): a row for each cause, in their order, then the rest."""
    out = []
    for number, cause in enumerate(found.causes, 1):
        line = f"{signs.failed} {number}. {cause.sure.upper():9} {clean(cause.title)}"
        out.append((f"cause-{number - 1}", cut(line, width, signs.ellipsis)))
    if not found.causes:
        # where something could not be looked at, that nothing was found is no good news
        sign = signs.unknown if found.gaps else signs.passed
        out.append(("none", f"{sign} no cause was found"))
    if found.gaps:
        out.append(("gaps", f"{signs.unknown} Not known, which is no pass: {len(found.gaps)}"))
    if found.ruled_out:
        out.append(("ruled", f"{signs.passed} Ruled out: {len(found.ruled_out)}"))
    if found.notes:
        out.append(("notes", f"{signs.warned} Notes: {len(found.notes)}"))
    return out


def text(found: Diagnosis, key: str, width: int) -> Content:
    """All there is to say on a row, in lines of `width` cells; commands are left in one."""
    kind, _, number = key.partition("-")
    if kind == "cause":
        return cause_text(found.causes[int(number)], width)
    if kind == "gaps":
        return _pairs([(g.what, g.why) for g in found.gaps], width)
    if kind == "ruled":
        return _pairs([(r.what, r.because) for r in found.ruled_out], width)
    if kind == "notes":
        return joined("\n".join(clean(note) for note in found.notes))
    if found.gaps:
        return joined("What is named below as not known may hold one: it is no pass.")
    return joined("Everything that was looked at is as it should be.")


def cause_text(cause: RootCause, width: int) -> Content:
    """What it is, what to do, what it rests on."""
    parts: list[Part] = [(f"{clean(cause.title)}\n", "bold")]
    if cause.note:
        parts.append(hung("mind: ", cause.note, width))
    if cause.remedies:
        parts += [("\nWhat to do\n", "bold"), *(remedy(each, width) for each in cause.remedies)]
    if cause.proofs:
        parts.append(("\nWhat it rests on\n", "bold"))
        for proof in cause.proofs[:PROOFS]:
            parts += [hung("  ", proof.about, width), hung("      ", proof.words, width)]
        if len(cause.proofs) > PROOFS:
            parts.append(f"  and {len(cause.proofs) - PROOFS} more\n")
    if cause.suffers:
        shown = ", ".join(clean(each, 160) for each in cause.suffers[:SHOWN])
        more = f" and {len(cause.suffers) - SHOWN} more" if len(cause.suffers) > SHOWN else ""
        parts += [("\nShows as\n", "bold"), hung("  ", shown + more, width)]
    parts.append(f"\nin full: airgap-wizard explain {clean(cause.code, 80)}")
    return joined(*parts)


def hung(first: str, words: str, width: int) -> str:
    """One paragraph, its later lines below the beginning of its words."""
    hang = " " * len(first)
    return textwrap.fill(first + clean(words), width, subsequent_indent=hang, break_on_hyphens=False) + "\n"


def remedy(each: Remedy, width: int) -> str:
    """A sentence, and the command as it is typed: of several lines where it has them."""
    first, *more = plain(each.command).splitlines() or [""]
    lines = [f"      $ {first}\n", *(f"        {line}\n" for line in more)] if first else []
    return "".join([hung("  do: ", each.text, width), *lines])


def commands(cause: RootCause) -> str:
    """What is copied: every command of it."""
    return "\n".join(each.command for each in cause.remedies if each.command)


def problem_text(problem: Problem, width: int) -> Content:
    """Why there is no diagnosis."""
    parts: list[Part] = [(f"{problem.title}\n", "bold")]
    if problem.detail:
        parts.append(f"\n{problem.detail}\n")
    if problem.remedies:
        parts += [("\nWhat to do\n", "bold"), *(remedy(each, width) for each in problem.remedies)]
    return joined(*parts)


def _pairs(pairs: list[tuple[str, str]], width: int) -> Content:
    return joined(
        *(part for what, why in pairs for part in ((f"{clean(what)}\n", "bold"), hung("  ", why, width)))
    )
