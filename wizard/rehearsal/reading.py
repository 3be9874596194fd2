"""Reading YAML into frozen dataclasses, strictly: all faults at once, each with file, line, path and what was expected.

Keys are camelCase in YAML and snake_case here. A world may be `like` another: trees are merged before they are read
(maps key by key, lists of named items by name, everything else replaced), so that a fault names the file it stands in.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from wizard.answers.checks import nearest
from wizard.answers.declare import camel


@dataclass(frozen=True, slots=True)
class Flaw:
    """One fault: where, and what was expected."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path or 'the document'}: {self.text}"


def key(
    default: Any = dataclasses.MISSING,
    *,
    factory: Any = dataclasses.MISSING,
    check: Callable[[Any], str] | None = None,
) -> Any:
    """A field with a check on its value: "" or what was expected."""
    metadata = {"check": check}
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def merge(base: yaml.Node, over: yaml.Node) -> yaml.Node:
    """`over` laid over `base`, marks kept."""
    if isinstance(base, yaml.MappingNode) and isinstance(over, yaml.MappingNode):
        merged = {k.value: (k, v) for k, v in base.value}
        for k, v in over.value:
            known = merged.get(k.value)
            merged[k.value] = (k, merge(known[1], v) if known else v)
        return yaml.MappingNode(over.tag, list(merged.values()), over.start_mark, over.end_mark)
    if isinstance(base, yaml.SequenceNode) and isinstance(over, yaml.SequenceNode):
        names = [_name(item) for item in (*base.value, *over.value)]
        if all(names) and over.value:
            items = {_name(item): item for item in base.value}
            for item in over.value:
                known_item = items.get(_name(item))
                if known_item is not None and _gone(item):
                    del items[_name(item)]
                else:
                    items[_name(item)] = merge(known_item, item) if known_item else item
            return yaml.SequenceNode(over.tag, list(items.values()), over.start_mark, over.end_mark)
    return over


def _name(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        for k, v in node.value:
            if k.value in ("name", "reference"):
                return str(v.value)
    return ""


def _gone(node: yaml.Node) -> bool:
    """An item `{name: X, gone: true}` takes away what the world underneath has by that name."""
    assert isinstance(node, yaml.MappingNode)
    return any(k.value == "gone" and v.value == "true" for k, v in node.value)


def read(node: yaml.Node, kind: Any, flaws: list[Flaw], path: str = "") -> Any:
    """The value of `node` as `kind`; what does not fit is told in `flaws` and given back as None."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        kind = next(a for a in args if a is not type(None))
        origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(node, typing.cast(type, kind), flaws, path)
    if origin is tuple:
        if not isinstance(node, yaml.SequenceNode):
            return _flaw(node, flaws, path, "expected a list")
        found = [read(item, args[0], flaws, f"{path}[{i}]") for i, item in enumerate(node.value)]
        return tuple(found)
    if origin in (dict, Mapping) or kind is dict:
        if not isinstance(node, yaml.MappingNode):
            return _flaw(node, flaws, path, "expected a map")
        if not args or args[1] is Any:
            return _plain(node)
        return {str(k.value): read(v, args[1], flaws, f"{path}.{k.value}") for k, v in node.value}
    return _scalar(node, kind, flaws, path)


def _dataclass(node: yaml.Node, kind: type, flaws: list[Flaw], path: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return _flaw(node, flaws, path, "expected a map")
    hints = typing.get_type_hints(kind)
    fields = {camel(f.name): f for f in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for k, v in node.value:
        here = f"{path}.{k.value}" if path else str(k.value)
        field = fields.get(k.value)
        if field is None:
            guess = nearest(str(k.value), fields)
            meant = f"; did you mean {guess}?" if guess else f"; known here: {', '.join(sorted(fields))}"
            _flaw(k, flaws, here, f"unknown key{meant}")
            continue
        before = len(flaws)
        value = read(v, hints[field.name], flaws, here)
        check = field.metadata.get("check")
        if len(flaws) == before and check and (expected := _checked(check, value)):
            _flaw(v, flaws, here, f"expected {expected}")
        values[field.name] = value
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in values:
            _flaw(node, flaws, path, f"needs the key {name}")
            values[field.name] = None
    return kind(**values)


def _checked(check: Callable[[Any], str], value: Any) -> str:
    items = value if isinstance(value, tuple) else value.values() if isinstance(value, Mapping) else (value,)
    return next((said for item in items if (said := check(item))), "")


def _scalar(node: yaml.Node, kind: Any, flaws: list[Flaw], path: str) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        return _flaw(node, flaws, path, f"expected {_word(kind)}, found a {_shape(node)}")
    text = node.value
    value = _plain(node)
    if kind is str:
        return text if value is not None else ""
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if text in set(kind):
            return kind(text)
        guess = nearest(text, list(kind))
        meant = f"; did you mean {guess}?" if guess else ""
        return _flaw(node, flaws, path, f"expected one of {', '.join(kind)}, found {text!r}{meant}")
    return _flaw(node, flaws, path, f"expected {_word(kind)}, found {text!r}")


def _word(kind: Any) -> str:
    words = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
    return words.get(
        kind,
        "one of " + ", ".join(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else "a value",
    )


def _shape(node: yaml.Node) -> str:
    return "map" if isinstance(node, yaml.MappingNode) else "list"


def _plain(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _flaw(node: yaml.Node, flaws: list[Flaw], path: str, text: str) -> None:
    mark = node.start_mark
    flaws.append(Flaw(str(mark.name), mark.line + 1, path, text))
