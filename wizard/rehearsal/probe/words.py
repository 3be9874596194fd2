"""Parsing what the probe is told: verb, operands, options."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_OPTIONS = {
    "dial": ("timeout",),
    "resolve": ("timeout",),
    "get": ("timeout", "ca"),
    "mcp": ("timeout",),
    "ask": ("token-file", "query", "timeout"),
    "serve": ("for",),
    "load": ("reference", "model", "store", "auth", "ca", "client-cert", "client-key"),
    "store": ("store",),
    "sleep": (),
    "version": (),
}
_FLAGS = {"load": ("plain-http",), "store": ("verify",)}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Coded(Exception):
    """The probe could not look; `code` is what it says, as the real one does."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Usage(Coded):
    """The probe was told something that it does not understand."""

    def __init__(self, text: str) -> None:
        super().__init__("usage", text)


@dataclass(frozen=True, slots=True)
class Words:
    """One command."""

    verb: str
    operands: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    def seconds(self, option: str, default: float) -> float:
        """A duration option in seconds."""
        return duration(self.options[option]) if option in self.options else default


def parse(argv: Sequence[str]) -> Words:
    """Raises Usage. A leading program name (`/probe`) is passed over: the image's entrypoint is the probe."""
    rest = list(argv)
    if rest and rest[0].rpartition("/")[2] == "probe":
        rest.pop(0)
    if not rest or rest[0] not in _OPTIONS:
        raise Usage(f"usage: probe COMMAND …, not {' '.join(rest[:1])!r}")
    verb = rest.pop(0)
    operands: list[str] = []
    options: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        name, given, value = word.lstrip("-").partition("=")
        if name in _FLAGS.get(verb, ()):
            options[name] = value or "true"
        elif name in _OPTIONS[verb]:
            if not given and not rest:
                raise Usage(f"flag needs an argument: -{name}")
            options[name] = value if given else rest.pop(0)
        else:
            raise Usage(f"flag provided but not defined: -{name}")
    return Words(verb, tuple(operands), options)


def duration(text: str) -> float:
    """ "1m30s" → 90.0. Raises Usage."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise Usage(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
