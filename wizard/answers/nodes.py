"""YAML as a tree of nodes that know their places, read within bounds: nothing is executed, expanded or guessed."""

import yaml
from yaml.reader import Reader

from wizard.answers import syntax
from wizard.answers.flaws import Flaw, Place

LARGEST = 256 * 1024
"""Bytes of an answers file; a full one has about 8 KiB."""
DEEPEST = 12
MOST = 10_000

Node = yaml.nodes.Node


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
        raise Unreadable(_syntax(error, name, text)) from None
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


def _syntax(error: yaml.MarkedYAMLError, name: str, text: str) -> Flaw:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    flaw = syntax.words(error.problem or "", line, mark.column if mark else 0)
    if error.context_mark and any(word in flaw.message for word in syntax.AT_THE_OPENING):
        mark = error.context_mark
    return flaw.at(place(name, mark))
