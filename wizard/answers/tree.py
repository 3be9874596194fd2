"""Walk a document by the declarations: values by dotted path, and a flaw for everything that does not fit."""

import re
from pathlib import Path
from typing import Any

import yaml

from wizard.answers import accept
from wizard.answers.checks import nearest
from wizard.answers.fields import Field, Kind, table
from wizard.answers.flaws import Flaw, Place, quoted, shown
from wizard.answers.model import API_VERSION
from wizard.answers.nodes import Node, place
from wizard.answers.spelling import keys, printable, unknown

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "merge", "value"})
_TEMPLATE = "an unfilled '{{…}}' template?"


def _foreign(root: yaml.MappingNode) -> bool:
    """Whether a mapping is surely something else: several keys, and not one that an answers file has."""
    names = [key.value for key, _ in root.value if isinstance(key, yaml.ScalarNode)]
    return len(root.value) > 3 and not any(name in keys("") or nearest(name, keys("")) for name in names)


class Reading:
    """What was read so far: `values` and `places` by dotted path, `flaws`, and the `faulty` paths."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self.name = name
        self.folder = folder
        self.values: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.flaws: list[Flaw] = []
        self.faulty: set[str] = set()
        self._meant: set[str] = set()

    def fault(self, flaw: Flaw, where: Place, path: str = "") -> None:
        """Note a flaw at its place."""
        self.flaws.append(flaw.at(where, path))
        if path:
            self.faulty.add(path)

    def unknown(self, path: str, where: Place) -> None:
        """Note an unknown key."""
        flaw, meant = unknown(path)
        self.flaws.append(flaw.at(where, printable(path)))
        self._meant.update(meant)

    @property
    def told(self) -> set[str]:
        """The paths that need no second word: faulty, or meant by an unknown key and given nowhere else."""
        meant = self._meant - set(self.places)
        return self.faulty | {p for p, field in table().items() if p in meant or field.section in meant}

    def defaults(self) -> dict[str, Any]:
        """Defaults that are relative paths, taken from the folder."""
        return {
            path: accept.located(field.default, self.folder)
            for path, field in table().items()
            if field.kind is Kind.FILE and field.default is not None
        }

    def document(self, root: Node | None, *, whole: bool = True) -> None:
        """apiVersion, journey, and the sections; of what is not the `whole` document, nothing is missing."""
        if not whole and not isinstance(root, yaml.MappingNode):
            return
        top = Place(self.name, 1, 1)
        if root is None:
            self.fault(Flaw("empty", f"apiVersion: {API_VERSION}, a journey, and sections"), top)
            self.faulty.add("journey")
            return
        if not isinstance(root, yaml.MappingNode):
            what = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
            self.fault(
                Flaw(f"{what} at the top", f"keys: apiVersion: {API_VERSION}, a journey, and sections"),
                place(self.name, root.start_mark),
            )
            self.faulty.add("journey")
            return
        if _foreign(root):
            # nothing of it is repeated: it may be any file, readable to us alone
            self.fault(
                Flaw(
                    "no answers file: not one of its keys is an answer",
                    f"keys: apiVersion: {API_VERSION}, a journey, and sections",
                ),
                top,
            )
            self.faulty.add("journey")
            return
        for key, value in self._entries(root, ""):
            if key == "apiVersion":
                self._version(value)
            elif key == "journey":
                self._field(table()[key], value)
            else:
                self._section(key, value)
        for key, expected in (
            ("apiVersion", API_VERSION),
            ("journey", ", ".join(table()["journey"].choices)),
        ):
            if whole and key not in self.places:
                self.fault(Flaw("missing", expected), place(self.name, root.start_mark), key)
        if "journey" not in self.values:
            self.faulty.add("journey")

    def _entries(self, node: "yaml.MappingNode", section: str) -> list[tuple[str, Node]]:
        """The mapping's known keys with their values; unknown and doubled ones become flaws."""
        known = keys(section)
        seen: dict[str, Place] = {}
        entries: list[tuple[str, Node]] = []
        for key_node, value in node.value:
            where = place(self.name, key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                template = _TEMPLATE if isinstance(key_node, yaml.MappingNode) else ""
                self.fault(Flaw("a key that is no word", "key: value", template), where, section)
                continue
            key = key_node.value
            path = f"{section}.{key}" if section else key
            if key in seen:
                self.fault(
                    Flaw(f"given twice; first on line {seen[key].line}", "every key once"), where, path
                )
                continue
            seen[key] = where
            if key not in known:
                self.unknown(path, where)
                continue
            self.places[path] = where
            entries.append((key, value))
        return entries

    def _version(self, node: Node) -> None:
        where = place(self.name, node.start_mark)
        if not isinstance(node, yaml.ScalarNode) or node.value != API_VERSION:
            said = quoted(node.value) if isinstance(node, yaml.ScalarNode) else _what(node)
            self.fault(Flaw(f"{said} is not known here", API_VERSION), where, "apiVersion")

    def _section(self, section: str, node: Node) -> None:
        if _tag(node) == "null":
            return  # an empty section: everything at its default
        if not isinstance(node, yaml.MappingNode):
            where = place(self.name, node.start_mark)
            mine = {path for path, field in table().items() if field.section == section}
            self.fault(Flaw(_what(node), "keys and values below it", _slip(node)), where, section)
            self.faulty |= mine
            return
        for key, value in self._entries(node, section):
            self._field(table()[f"{section}.{key}"], value)

    def _field(self, field: Field, node: Node) -> None:
        where = place(self.name, node.start_mark)
        if _tag(node) == "null":
            if field.path == "journey":
                self.fault(Flaw("empty", f"one of {', '.join(field.choices)}"), where, field.path)
            return  # a key without a value is a key left out
        self.places[field.path] = where
        if field.kind is Kind.TEXTS:
            self._texts(field, node)
            return
        value = self._scalar(field, node)
        if isinstance(value, Flaw):
            if isinstance(node, yaml.ScalarNode):
                accept.learn(field, node.value)
            self.fault(value, where, field.path)
        else:
            self.values[field.path] = value

    def _texts(self, field: Field, node: Node) -> None:
        if not isinstance(node, yaml.SequenceNode):
            example = ", ".join(str(e) for e in field.ask.example)
            self.fault(
                Flaw(_what(node), f"a list, like [{example}]", _slip(node)),
                self.places[field.path],
                field.path,
            )
            return
        good: list[str] = []
        for number, element in enumerate(node.value):
            value = Flaw("empty", "a text") if _tag(element) == "null" else self._scalar(field, element)
            if isinstance(value, Flaw):
                self.fault(value, place(self.name, element.start_mark), f"{field.path}[{number}]")
                self.faulty.add(field.path)
            else:
                self.places[f"{field.path}[{len(good)}]"] = place(self.name, element.start_mark)
                good.append(value)
        self.values[field.path] = tuple(good)

    def _scalar(self, field: Field, node: Node) -> Any:
        if field.kind is Kind.SECRET and isinstance(node, yaml.ScalarNode):
            return accept.text(field, node.value, self.folder)  # 1234 is a literal secret too
        expected = "true or false" if field.kind is Kind.TOGGLE else f"a {field.kind}, like {field.sample}"
        if field.kind in (Kind.TEXTS, Kind.TEXT):
            expected = f"a text, like {field.sample}"
        if not isinstance(node, yaml.ScalarNode):
            return Flaw(_what(node), expected, _slip(node))
        tag = _tag(node)
        if tag not in _SCALARS:
            return Flaw("a tag ('!…')", expected)
        if field.kind is Kind.TOGGLE:
            if tag == "bool":
                return accept.toggle(node.value)
            quotes = (
                "leave the quotes away"
                if node.style and not isinstance(accept.toggle(node.value), Flaw)
                else ""
            )
            return Flaw(_what(node), expected, quotes)
        if tag in ("int", "float", "bool"):
            kind = "true or false" if tag == "bool" else "a number"
            return Flaw(f"{shown(node.value, field.path)} is {kind} in YAML", expected, "put it in quotes")
        return accept.text(field, node.value, self.folder)


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _slip(node: Node) -> str:
    """What a value of the wrong shape was probably meant to be: a space forgotten, a template not filled in."""
    if isinstance(node, yaml.MappingNode):
        keys = (key for key, _ in node.value)
        return _TEMPLATE if any(isinstance(key, yaml.MappingNode) for key in keys) else ""
    if not isinstance(node, yaml.ScalarNode) or node.style:
        return ""
    if node.value.startswith("-"):
        return "a space is missing after '-'"
    return "a space is missing after ':'" if re.match(r"[A-Za-z]+:\S", node.value) else ""


def _what(node: Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping with keys"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return {"int": "a number", "float": "a number", "bool": "true or false"}.get(_tag(node), "a text")
