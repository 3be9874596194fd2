"""From what was written to a typed value, or to a flaw: one set of rules for YAML, `--set` and the form."""

import os
import unicodedata
from pathlib import Path
from typing import Any

from wizard.answers.checks import nearest
from wizard.answers.fields import Field, Kind
from wizard.answers.flaws import Flaw, shown
from wizard.engine.redact import redactor
from wizard.engine.secrets import EXPECTED, SecretRef

LONGEST = 8192
"""Characters in one value; the gateway takes no longer question either."""
_TELLING = 8
"""Characters from which on a refused literal is masked elsewhere; a shorter one may be a common word."""

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


def text(field: Field, written: str, folder: Path | None = None) -> Any:
    """The value of a scalar written as text (one element, where the field is a list), or a Flaw.

    `folder` is what relative paths are relative to; None leaves them as they are.
    """
    if field.kind is Kind.SECRET:
        return _secret(written, folder)
    if len(written) > LONGEST:
        return Flaw(f"{len(written)} characters long", f"at most {LONGEST}")
    strange = next((c for c in written if unicodedata.category(c) in ("Cc", "Cs")), "")
    a_path = field.kind is Kind.FILE or (field.ask.locate and "://" not in written)
    if strange and not (a_path and unicodedata.category(strange) == "Cs"):  # a file's name need not be UTF-8
        return Flaw(f"holds the control character U+{ord(strange):04X}", "a text on one line")
    if field.kind is Kind.CHOICE:
        return _choice(field, written)
    if field.kind is Kind.FILE:
        if not written:
            return None if field.optional else Flaw("empty", f"a path, like {field.ask.example}")
        return located(Path(written), folder)
    if field.ask.check and (written or field.default != ""):
        expected = field.ask.check(written)
        if expected:
            sample = "" if "like " in expected or "; " in expected else f", like {field.sample}"
            return Flaw(f"{shown(written, field.path)} is not valid", expected + sample)
    if field.ask.locate and written and "://" not in written:
        return str(located(Path(written), folder))
    return written


def toggle(written: str) -> bool | Flaw:
    """true or false, as YAML 1.1 spells them."""
    word = written.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Flaw(f"{shown(written, '')} is neither", "true or false")


def located(path: Path, folder: Path | None) -> Path:
    """`~` expanded, and a relative path taken from `folder`."""
    if str(path).startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError:
            return path  # no such user: the message comes when the file is opened
    return Path(os.path.normpath(folder / path)) if folder and not path.is_absolute() else path


def learn(field: Field, written: str) -> None:
    """Teach the redactor a literal that was refused, so that nothing said after this repeats it.

    Not for what is still being typed: `file`, on the way to `file:PATH`, would be masked everywhere.
    """
    if field.kind is Kind.SECRET and len(written) >= _TELLING:
        redactor.learn(written)


def _choice(field: Field, written: str) -> str | Flaw:
    if written in field.choices:
        return written
    near = nearest(written, field.choices)
    return Flaw(
        f"{shown(written, field.path)} is no {field.key}",
        f"one of {', '.join(field.choices)}",
        f"did you mean {near}?" if near else "",
    )


def _secret(written: str, folder: Path | None) -> SecretRef | Flaw | None:
    if not written:
        return None
    ref = SecretRef.parse(written) if written.isprintable() else None
    if ref is None:
        return Flaw("a literal secret is refused, and not repeated here", EXPECTED)
    if ref.where.startswith("file:"):
        return SecretRef(f"file:{located(Path(ref.where[5:]), folder)}")
    return ref
