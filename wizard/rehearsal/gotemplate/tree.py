"""The parsed form of a template."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`"""


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`; `$` is the data that the template was given."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of something: `.a.b`, `$x.a`, `(…).a`."""

    base: "Operand"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function with its arguments."""

    operands: "tuple[Operand, ...]"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each given the one before as its last argument; what it declares or sets."""

    commands: tuple[Command, ...]
    names: tuple[str, ...] = ()
    declares: bool = True


Operand = Literal | Dot | Variable | Function | Chain | Pipeline


@dataclass(slots=True)
class Node:
    """Anything that stands in a template, with its line."""

    line: int


@dataclass(slots=True)
class Text(Node):
    """Literal text."""

    text: str


@dataclass(slots=True)
class Show(Node):
    """A pipeline whose value is printed, unless it declares a variable."""

    pipeline: Pipeline


@dataclass(slots=True)
class Branch(Node):
    """if, with and range."""

    kind: str
    pipeline: Pipeline
    body: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Call(Node):
    """`{{ template "name" pipeline }}`."""

    name: str
    pipeline: Pipeline | None


@dataclass(slots=True)
class Jump(Node):
    """break or continue."""

    kind: str
