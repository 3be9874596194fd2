"""YAML as a tree of nodes that know their places, read within bounds: nothing is executed, expanded or guessed."""

import yaml
from yaml.reader import Reader

from wizard.answers.flaws import Flaw, Place

LARGEST = 256 * 1024
"""Bytes of an answers file; a full one has about 8 KiB."""
DEEPEST = 12
MOST = 10_000

Node = yaml.nodes.Node

_QUOTES = "put the value in quotes"
_SYNTAX = (
    # parts of the parser's own words → what is wrong, expected, hint; its texts quote values and are not passed on
    ("'\\t'", "a tab", "spaces for indentation", ""),
    (
        "mapping values are not allowed",
        "a second ': ' on one line",
        "'key: value'",
        _QUOTES + " if it holds a colon",
    ),
    (
        "could not find expected ':'",
        "a line that is no 'key: value'",
        "a colon and a space after the key",
        "",
    ),
    ("expected <block end>", "indentation that fits no line above", "keys of one section in one column", ""),
    ("undefined alias", "'*' begins an alias that is nowhere defined", "a value", _QUOTES),
    ("second occurrence", "one anchor ('&…') defined twice", "every anchor once", ""),
    ("but found another document", "a second document begins", "one document, with no second '---'", ""),
    ("unexpected end of stream", "a quotation mark that is never closed", "a closing quotation mark", ""),
    (
        "unexpected document separator",
        "a quotation mark that is never closed",
        "a closing quotation mark",
        "",
    ),
    ("cannot start any token", "a character that no value can begin with", "a value", _QUOTES),
    ("expected ',' or", "a bracket that is never closed", "',' or the closing bracket", ""),
    ("escape", "an escape that YAML does not know", "single quotes round a text with backslashes", ""),
    ("tag", "a tag ('!…')", "a value", "put a text that begins with '!' in quotes"),
    ("anchor", "'&' begins an anchor", "a value", _QUOTES),
    ("alias", "'*' begins an alias", "a value", _QUOTES),
)


class Unreadable(Exception):
    """The text is no YAML within bounds; carries the one flaw that says why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(str(flaw))
        self.flaw = flaw


class _Bounded(yaml.SafeLoader):
    """Composes nodes only (no constructor runs), counting depth and nodes. An alias is one shared node."""

    name = ""
    depth = 0
    count = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST or self.count > MOST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            much = (
                f"nested deeper than {DEEPEST} levels" if self.depth > DEEPEST else f"more than {MOST} values"
            )
            raise Unreadable(Flaw(much, "sections with keys", place=place(self.name, mark)))
        try:
            return super().compose_node(parent, index)  # type: ignore[arg-type]
        finally:
            self.depth -= 1


def place(name: str, mark: "yaml.Mark | None") -> Place:
    """A mark's place, counted from 1."""
    return Place(name, mark.line + 1, mark.column + 1) if mark else Place(name, 1, 1)


def compose(data: bytes | str, name: str) -> Node | None:
    """The document's root node, None where there is none. Raises Unreadable."""
    text = _decode(data, name)
    loader = _Bounded(text)
    loader.name = name
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_syntax(error, name)) from None
    except (ValueError, OverflowError):  # "\U00110000": a code point that does not exist
        raise Unreadable(
            Flaw("an escape for a character that does not exist", place=place(name, loader.get_mark()))
        ) from None
    finally:
        loader.dispose()


def _decode(data: bytes | str, name: str) -> str:
    size = len(data)
    if size > LARGEST:
        raise Unreadable(
            Flaw(f"larger than {LARGEST // 1024} KiB", "an answers file", place=Place(name, 1, 1))
        )
    if isinstance(data, bytes):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Unreadable(Flaw("written in UTF-16", "UTF-8", place=Place(name, 1, 1)))
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8")
            where = _spot(name, before)
            raise Unreadable(
                Flaw(f"the byte 0x{data[error.start]:02x} is not UTF-8", "UTF-8", place=where)
            ) from None
    else:
        text = data
    text = text.removeprefix("\ufeff")
    strange = Reader.NON_PRINTABLE.search(text)
    if strange:
        raise Unreadable(
            Flaw(
                f"the control character U+{ord(strange.group()):04X}",
                "printable text",
                place=_spot(name, text[: strange.start()]),
            )
        )
    return text


def _spot(name: str, before: str) -> Place:
    """The place after `before`."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Place(name, len(lines), len(lines[-1]) + 1)


def _syntax(error: yaml.MarkedYAMLError, name: str) -> Flaw:
    problem = error.problem or ""
    message, expected, hint = next(
        (words for theirs, *words in _SYNTAX if theirs in problem),
        ("no valid YAML", "'key: value' lines, indented with spaces", ""),
    )
    opening = "never closed" in message
    mark = (error.context_mark if opening else None) or error.problem_mark or error.context_mark
    return Flaw(message, expected, hint, place=place(name, mark))
