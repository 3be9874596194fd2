"""Semantic versions against constraints like ">=1.25.0-0", as charts write them."""

import re

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?\Z")
_PART = re.compile(r"(>=|<=|!=|=|>|<|~|\^)?\s*(v?\d[^\s,]*)")
Version = tuple[int, int, int, str]


def parse(text: str) -> Version | None:
    """(major, minor, patch, pre-release)."""
    found = _VERSION.match(text.strip())
    if not found:
        return None
    numbers = [int(n) if n and n.isdigit() else 0 for n in found.groups()[:3]]
    return numbers[0], numbers[1], numbers[2], found[4] or ""


def satisfies(version: str, constraint: str) -> bool:
    """Whether any of the `||` alternatives holds. A pre-release needs a constraint that names one."""
    found = parse(version)
    if found is None:
        return False
    return any(_all(found, alternative) for alternative in constraint.split("||"))


def _all(version: Version, alternative: str) -> bool:
    parts = _PART.findall(alternative)
    return bool(parts) and all(_one(version, sign or "=", text) for sign, text in parts)


def _one(version: Version, sign: str, text: str) -> bool:
    wanted = parse(text)
    if wanted is None or (version[3] and not wanted[3]):
        return False
    a, b = _key(version), _key(wanted)
    given = len(re.findall(r"\d+", text.partition("-")[0]))
    match sign:
        case "=":
            return a[:given] == b[:given] if given < 3 else a == b
        case "!=":
            return a != b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case "~":
            return a >= b and version[: min(2, given)] == wanted[: min(2, given)]
    fixed = next((n for n in range(3) if wanted[n]), 2) + 1
    return a >= b and version[:fixed] == wanted[:fixed]


def _key(version: Version) -> tuple[int, int, int, int, str]:
    # a pre-release comes before its release
    return (*version[:3], 0 if version[3] else 1, version[3])
