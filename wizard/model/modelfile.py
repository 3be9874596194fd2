"""Modelfiles: the instructions `ollama create` reads. Parsed as Ollama parses them, written so that it reads them back.

Ollama's grammar has no escapes: a value is bare to the end of its line, or between `"` or `\"""` quotes that end at
the first line end after a closing quote. So a few texts cannot be written at all, and characters that do not
print (a zero-width space) are dropped by `ollama create` wherever they stand. `render` names what is lost.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wizard.engine.problems import Problem, Remedy
from wizard.model.manifest import ADAPTER, DRAFT, PROJECTOR

_KNOWN = frozenset(
    [
        "from",
        "license",
        "template",
        "system",
        "adapter",
        "draft",
        "renderer",
        "parser",
        "parameter",
        "message",
        "requires",
    ]
)
_ROLES = ("system", "user", "assistant")
_WORD = re.compile(r"[A-Za-z0-9_]+\Z")
LIMIT = 16 << 20
"""Bytes of the longest Modelfile that is read."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `name` is lower case; `key` is a parameter's name or a message's role."""

    name: str
    value: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A Modelfile's text, and in words what could not be written into it."""

    text: str
    losses: tuple[str, ...] = ()


def render(instructions: Iterable[Instruction]) -> Rendered:
    """Write a Modelfile. What cannot be written is left out with a comment that says so, and named in `losses`."""
    lines: list[str] = []
    losses: list[str] = []
    for one in instructions:
        label = f"{one.name.upper()} {one.key}".strip()
        quoted = quote(one.value)
        if quoted is None or (one.key and not _WORD.match(one.key)):
            why = "a line of it ends with quotes" if quoted is None else "its name is no single word"
            losses.append(f"{label} is left out: {why}, which a Modelfile cannot express")
            lines.append(f"# {' '.join(losses[-1].split())}")
            continue
        if dropped := sorted({f"U+{ord(char):04X}" for char in one.value if not _survives(char)}):
            losses.append(f"{label} loses {', '.join(dropped)}: `ollama create` drops what does not print")
        lines.append(f"{label} {quoted}")
    return Rendered("\n".join(lines) + "\n", tuple(losses))


def quote(value: str) -> str | None:
    """The value as Ollama reads it back, or None where no form of it does."""
    read = printed(value)
    bare = [value] if read and read[0] != '"' and read.strip() == read else []
    quoted = [f'"""{value}"""', f'"{value}"']
    one_line = "\n" not in read and "\r" not in read
    forms = bare + quoted[::-1] if one_line else quoted
    return next((form for form in forms if _read_back(printed(form), read)), None)


def printed(text: str) -> str:
    """The text without what Ollama's parser drops: every character that neither prints nor ends a line."""
    return "".join(filter(_survives, text))


def _survives(char: str) -> bool:
    return char.isprintable() or char in "\t\r\n"


def _read_back(form: str, value: str) -> bool:
    """Ollama looks for the end of a value at each line end, so no earlier part may look complete."""
    if any(_unquote(form[: at.start()].strip()) is not None for at in re.finditer("[\r\n]", form)):
        return False
    return _unquote(form.strip()) == value


def _unquote(text: str) -> str | None:
    """A complete value without its quotes; None where it goes on."""
    for mark in ('"""', '"'):
        if text.startswith(mark):
            whole = len(text) >= 2 * len(mark) and text.endswith(mark)
            return text[len(mark) : -len(mark)] if whole else None
    return text


def parse(text: str, where: str = "Modelfile") -> tuple[Instruction, ...]:
    """Read a Modelfile. Raises Problem `modelfile-not-valid` (exit 2) with the line."""
    found: list[Instruction] = []
    parts = re.split("([\r\n])", printed(text))
    lines, ends = parts[::2], parts[1::2]
    at = 0
    while at < len(lines):
        line, first = lines[at].lstrip(" \t"), at
        at += 1
        if not line or line.startswith("#"):
            continue
        word, rest = _cut(line)
        name, key = word.lower(), ""
        if name not in _KNOWN:
            known = ", ".join(sorted(_KNOWN)).upper()
            raise _invalid(where, ends, first, f"{word[:40]!r} is no instruction", f"Use one of {known}")
        if name in ("parameter", "message"):
            key, rest = _cut(rest)
            if name == "message" and key not in _ROLES:
                raise _invalid(where, ends, first, f"{key!r} is no role", f"Use one of {', '.join(_ROLES)}")
            if not _WORD.match(key):
                raise _invalid(
                    where, ends, first, f"{key!r} names no parameter", "Write PARAMETER name value"
                )
        while (value := _unquote(rest.strip())) is None:
            if at >= len(lines):
                what = f"the quotes after {word.upper()} are never closed"
                raise _invalid(where, ends, first, what, "Close them at the end of a line")
            rest += ends[at - 1] + lines[at]
            at += 1
        found.append(Instruction(name, value, key))
    if not any(one.name == "from" for one in found):
        raise _invalid(where, ends, 0, "there is no FROM in it", "Begin it with FROM ./model.gguf")
    return tuple(found)


def named_files(instructions: Iterable[Instruction]) -> tuple[tuple[str, str], ...]:
    """The files besides the weights that a Modelfile names: (media type, path). The first FROM is the weights."""
    said = list(instructions)
    projectors = [one.value for one in said if one.name == "from"][1:]
    found = [(PROJECTOR, value) for value in projectors]
    for word, kind in (("adapter", ADAPTER), ("draft", DRAFT)):
        found += [(kind, one.value) for one in said if one.name == word]
    return tuple(found)


def _cut(line: str) -> tuple[str, str]:
    found = re.match(r"([^ \t]*)[ \t]*(.*)\Z", line, re.DOTALL)
    assert found
    return found[1], found[2]


def _invalid(where: str, ends: list[str], at: int, why: str, do: str) -> Problem:
    # a CR LF is one line end to the editor that shows the file
    line = 1 + sum(1 for i, end in enumerate(ends[:at]) if end == "\n" or ends[i + 1 : i + 2] != ["\n"])
    return Problem(
        "modelfile-not-valid",
        f"{where}, line {line}: {why}",
        remedies=(Remedy(do),),
        evidence={"file": where, "line": line},
        exit_code=2,
    )


class _Number(str):
    """A number of a JSON document, as it was written."""


def parameters(params: bytes) -> tuple[Instruction, ...]:
    """PARAMETER instructions from a params layer: lists repeat, numbers stay as they were written.

    Raises ValueError where it is no JSON object.
    """
    data = json.loads(params, parse_float=_Number, parse_int=_Number)
    if not isinstance(data, Mapping):
        raise ValueError("params are not a JSON object")
    found: list[Instruction] = []
    for key, value in data.items():
        values = value if isinstance(value, list) else [value]
        found += [Instruction("parameter", _word(one), key) for one in values if one is not None]
    return tuple(found)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return json.dumps(value)  # true, false; anything nested stays visible


def params_document(instructions: Iterable[Instruction]) -> bytes:
    """A params layer from PARAMETER instructions, as `ollama create` encodes it; b"" where there are none."""
    data: dict[str, Any] = {}
    for one in instructions:
        if one.name != "parameter":
            continue
        if one.key == "stop":
            data.setdefault("stop", []).append(one.value)
        else:
            data[one.key] = _typed(one.value)
    return go_json(dict(sorted(data.items()))) if data else b""


_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?\Z", re.ASCII)


def _typed(value: str) -> int | float | bool | str:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not _NUMBER.match(value) or len(value) > 40:
        return value
    number = float(value)
    return int(value) if value.lstrip("-").isdigit() else int(number) if number.is_integer() else number


def go_json(data: Any) -> bytes:
    """JSON as Go's encoder writes it: compact, `<`, `>` and `&` escaped, one line end; so digests agree."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "replace") + b"\n"
