"""Output to a terminal or file whose encoding lacks a character (LC_ALL=C, ISO-8859-1): it is spelt, never a crash."""

import codecs
import sys

_SPELT = {
    "…": "...",
    "→": "->",
    "←": "<-",
    "–": "-",
    "—": "-",
    "“": "'",
    "”": "'",
    "‘": "'",
    "’": "'",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
    "·": "|",
    "\u00a0": " ",
}


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SPELT.get(c, "?") for c in error.object[error.start : error.end]), error.end


def spell() -> None:
    """From now on standard output and error take every text. No quotation mark is made that would break JSON."""
    codecs.register_error("airgap-wizard-spell", _spell)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="airgap-wizard-spell")
