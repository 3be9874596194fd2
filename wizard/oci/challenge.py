"""WWW-Authenticate headers (RFC 9110, section 11.6.1): which schemes a registry offers, with their parameters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(rf'\s*(?:,\s*)*({_WORD})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')


@dataclass(slots=True)
class Challenge:
    """One offer: the scheme in lower case, its parameters by lower-case name."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of all the headers; what makes no sense is passed over."""
    found: list[Challenge] = []
    for header in headers:
        at = 0
        while match := _PART.match(header, at):
            if match.end() == at:
                break
            at = match.end()
            name, quoted, bare = match.groups()
            if quoted is None and bare is None:
                found.append(Challenge(name.lower()))
            elif found:
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
                found[-1].parameters.setdefault(name.lower(), value)
    return found
