"""The declared answers as a flat table, one row a field, and access to values by dotted YAML path."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from wizard.answers.declare import Ask, asked, camel
from wizard.answers.model import Answers, Journey
from wizard.engine.secrets import SecretRef


class Kind(StrEnum):
    """What sort of value a field holds, in the words that people read."""

    TEXT = "text"
    FILE = "path"
    SECRET = "secret reference"  # noqa: S105  (not a password)
    TOGGLE = "true or false"
    CHOICE = "one word of a list"
    TEXTS = "list of texts"


@dataclass(frozen=True, slots=True)
class Field:
    """One declared answer. `path` is its dotted YAML path; `name` the dataclass field; `section` "" = top level."""

    section: str
    name: str
    path: str
    kind: Kind
    ask: Ask
    default: Any
    optional: bool
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The last word of the path, as written in YAML."""
        return self.path.rpartition(".")[2]

    @property
    def sample(self) -> str:
        """One example as text; of a list, its first element."""
        example = self.ask.example
        return str(example[0] if isinstance(example, tuple) else example)

    def needed(self, journey: str | None) -> bool:
        """True where the journey refuses an empty value."""
        return journey in self.ask.needed


@dataclass(frozen=True, slots=True)
class Row:
    """A field with its current value: what a form shows and the docs print."""

    section: str
    path: str
    ask: Ask
    kind: Kind
    value: Any
    needed: bool
    field: Field


def _kind(annotation: Any) -> tuple[Kind, bool, tuple[str, ...]]:
    options = get_args(annotation)
    optional = NoneType in options
    plain = next(o for o in options if o is not NoneType) if optional else annotation
    if plain == tuple[str, ...]:
        return Kind.TEXTS, optional, ()
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return Kind.CHOICE, optional, tuple(member.value for member in plain)
    kinds = {str: Kind.TEXT, bool: Kind.TOGGLE, Path: Kind.FILE, SecretRef: Kind.SECRET}
    return kinds[plain], optional, ()


def _default(declared: "dataclasses.Field[Any]") -> Any:
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return None if declared.default is dataclasses.MISSING else declared.default


def _field(section: str, declared: "dataclasses.Field[Any]") -> Field:
    kind, optional, choices = _kind(declared.type)
    key = camel(declared.name)
    return Field(
        section=section,
        name=declared.name,
        path=f"{section}.{key}" if section else key,
        kind=kind,
        ask=asked(declared),
        default=_default(declared),
        optional=optional,
        choices=choices,
    )


@functools.cache
def sections() -> Mapping[str, type]:
    """YAML section name → its dataclass, in the order they are written."""
    return {
        camel(f.name): f.type
        for f in dataclasses.fields(Answers)
        if isinstance(f.type, type) and dataclasses.is_dataclass(f.type)
    }


def section_title(section: str) -> str:
    """The section's one line: "Internal registry: where the images and …"."""
    return (sections()[section].__doc__ or "").strip().splitlines()[0]


@functools.cache
def table() -> Mapping[str, Field]:
    """Every declared answer by its dotted YAML path, in the order they are written."""

    def rows() -> Iterator[Field]:
        for top in dataclasses.fields(Answers):
            if "ask" in top.metadata:
                yield _field("", top)
            else:
                yield from (
                    _field(camel(top.name), f) for f in dataclasses.fields(sections()[camel(top.name)])
                )

    return {row.path: row for row in rows()}


def values(answers: Answers) -> dict[str, Any]:
    """Flat: dotted YAML path → value."""
    return {
        path: getattr(getattr(answers, f.section) if f.section else answers, f.name)
        for path, f in table().items()
    }


def build(flat: Mapping[str, Any]) -> Answers:
    """The reverse of `values`; paths left out get their defaults. `journey` must be there."""
    parts: dict[str, dict[str, Any]] = {name: {} for name in sections()}
    for path, value in flat.items():
        field = table()[path]
        if field.section:
            parts[field.section][field.name] = value
    made = {name: kind(**parts[name]) for name, kind in sections().items()}
    return Answers(journey=Journey(flat["journey"]), **made)


def fields(journey: Journey | None = None, answers: Answers | None = None) -> tuple[Row, ...]:
    """One row for each answer, with its value in `answers` (or its default); `needed` as the journey has it."""
    now = values(answers) if answers else {path: f.default for path, f in table().items()}
    return tuple(
        Row(f.section, path, f.ask, f.kind, now[path], f.needed(journey), f) for path, f in table().items()
    )
