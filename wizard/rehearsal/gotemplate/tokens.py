"""Cutting a template into text and actions, and an action into tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


class TemplateError(Exception):
    """A template that does not parse or execute; the message is worded as Go's."""


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is text, word, field, variable, string, number, char, mark or dot; `close` = no blank before it."""

    kind: str
    text: str
    close: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal text, or an action's tokens."""

    line: int
    text: str = ""
    tokens: tuple[Token, ...] | None = None


_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\.)')
  | (?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?))
  | (?P<variable>\$\w*)
  | (?P<field>\.[A-Za-z_]\w*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark>:=|[|(),=])
  | (?P<dot>\.)
    """,
    re.X,
)
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}


def pieces(source: str, name: str) -> Iterator[Piece]:
    """The template's pieces in order, trimmed as `{{-` and `-}}` ask."""
    at, line, trim = 0, 1, False
    while True:
        begin = source.find("{{", at)
        text = source[at:] if begin < 0 else source[at:begin]
        line_of_text = line
        line += text.count("\n")
        if trim:
            text = text.lstrip(" \t\r\n")
        left = begin >= 0 and source.startswith("{{-", begin) and source[begin + 3 : begin + 4].isspace()
        if left:
            text = text.rstrip(" \t\r\n")
        if text:
            yield Piece(line_of_text, text)
        if begin < 0:
            return
        body_at = begin + (3 if left else 2)
        end, trim, body = _action(source, body_at, name, line)
        if body is not None:
            yield Piece(line, tokens=tuple(_tokens(body, name, line)))
        line += source.count("\n", begin, end)
        at = end


def _action(source: str, at: int, name: str, line: int) -> tuple[int, bool, str | None]:
    """(where it ends, whether it trims what follows, its body or None for a comment)."""
    comment = re.compile(r"\s*/\*.*?\*/\s*?( -)?}}", re.S).match(source, at)
    if comment:
        return comment.end(), bool(comment[1]), None
    here = at
    while here < len(source):
        char = source[here]
        if char in "\"`'":
            found = _TOKEN.match(source, here)
            if not found:
                raise TemplateError(f"template: {name}:{line}: unterminated quoted string")
            here = found.end()
        elif source.startswith("}}", here):
            body = source[at:here]
            trims = body.endswith("-") and body[-2:-1].isspace()
            return here + 2, trims, body[:-1] if trims else body
        else:
            here += 1
    raise TemplateError(f"template: {name}:{line}: unclosed action")


def _tokens(body: str, name: str, line: int) -> Iterator[Token]:
    at, close = 0, False
    while at < len(body):
        found = _TOKEN.match(body, at)
        if not found:
            raise TemplateError(f"template: {name}:{line}: unexpected {body[at]!r} in action")
        at = found.end()
        kind = str(found.lastgroup)
        if kind == "blank":
            close = False
            continue
        yield Token(kind, found[0], close)
        close = True


def unquote(text: str) -> str:
    """The value of a Go string literal."""
    if text.startswith("`"):
        return text[1:-1]

    def escaped(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", escaped, text[1:-1])
