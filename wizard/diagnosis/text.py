"""A diagnosis as lines for people, and as data for programs. What it quotes may come from anywhere: no control codes."""

import re
from typing import Any

from wizard.diagnosis.cause import Diagnosis, RootCause
from wizard.engine.events import Remedy

_LONGEST = 480
_PROOFS = 4
_SHOWN = 8
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def clean(text: str, limit: int = _LONGEST) -> str:
    """One printable line of bearable length: digests are shortened, and of a long one the end, which has the reason,
    is kept rather than the middle."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 20]).split())
    line = _DIGEST.sub(r"\1…", line)
    if len(line) <= limit:
        return line
    head = limit // 3
    return f"{line[:head]} … {line[len(line) - (limit - head - 3) :]}"


def lines(found: Diagnosis, *, everything: bool = True) -> list[str]:
    """The diagnosis. Without `everything`: the causes alone."""
    out = [clean(found.subject), ""] if found.subject else []
    if not found.causes:
        out.append("no cause was found")
        if found.gaps:
            out.append("what is named below as not known may hold one")
    for number, cause in enumerate(found.causes, 1):
        out += [*_cause(cause, number), ""]
    if not everything:
        return out
    if found.ruled_out:
        out += ["", "RULED OUT", *(f"  {clean(r.what)}: {clean(r.because)}" for r in found.ruled_out)]
    if found.gaps:
        out += [
            "",
            "NOT KNOWN, which is no pass",
            *(f"  {clean(g.what)}: {clean(g.why)}" for g in found.gaps),
        ]
    if found.notes:
        out += ["", "NOTES", *(f"  {clean(note)}" for note in found.notes)]
    return out


def _cause(cause: RootCause, number: int) -> list[str]:
    out = [f"{number}. {cause.sure.upper()}: {clean(cause.title)}"]
    for proof in cause.proofs[:_PROOFS]:
        out.append(f"     seen  {clean(proof.about)}")
        out.append(f"           {clean(proof.words)}")
    if len(cause.proofs) > _PROOFS:
        out.append(f"           and {len(cause.proofs) - _PROOFS} more")
    if cause.suffers:
        shown = ", ".join(clean(each, 160) for each in cause.suffers[:_SHOWN])
        more = f" and {len(cause.suffers) - _SHOWN} more" if len(cause.suffers) > _SHOWN else ""
        out.append(f"     shows as  {shown}{more}")
    if cause.note:
        out.append(f"     mind  {clean(cause.note)}")
    for remedy in cause.remedies:
        out.append(f"     do: {clean(remedy.text)}")
        if remedy.command:
            out += _command(remedy.command)
    out.append(f"     why: airgap-wizard explain {cause.code}")
    return out


def _command(command: str) -> list[str]:
    """A command may have several lines (a here-document): then it is copied as it is."""
    shown = ["".join(c if c.isprintable() else " " for c in line) for line in command.splitlines()]
    return [f"         $ {shown[0]}", *(f"           {line}" for line in shown[1:])]


def data(found: Diagnosis) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "subject": found.subject,
        "causes": [row(cause) for cause in found.causes],
        "ruledOut": [{"what": r.what, "because": r.because} for r in found.ruled_out],
        "notKnown": [{"what": g.what, "why": g.why} for g in found.gaps],
        "notes": list(found.notes),
    }


def row(cause: RootCause) -> dict[str, Any]:
    """One cause."""
    return {
        "code": cause.code,
        "title": cause.title,
        "confidence": str(cause.sure),
        "evidence": [{"about": p.about, "words": p.words} for p in cause.proofs],
        "showsAs": list(cause.suffers),
        "note": cause.note,
        "remedies": [_remedy(r) for r in cause.remedies],
        "explain": f"airgap-wizard explain {cause.code}",
    }


def _remedy(remedy: Remedy) -> dict[str, str]:
    return {"text": remedy.text, "command": remedy.command}
