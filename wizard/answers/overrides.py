"""`--set path.to.key=value`: laid over what a file says, by the same rules, with `--set #N` as the place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from wizard.answers import accept, nodes
from wizard.answers.fields import Field, Kind, table
from wizard.answers.flaws import Flaw, Place
from wizard.answers.tree import Reading


def lay(reading: Reading, sets: Sequence[str]) -> None:
    """Lay each of `sets` over `reading`, in order; an empty value puts the answer back to its default."""
    for number, written in enumerate(sets, start=1):
        where = Place(f"--set #{number}")
        path, equals, value = written.partition("=")
        path = path.strip()
        if not equals:  # not repeated: it may be a value whose key was forgotten
            reading.fault(
                Flaw("no '='", "path.to.key=value, like registry.host=registry.internal.example"), where
            )
            continue
        field = table().get(path)
        if field is None:
            if path == "apiVersion":
                reading.flaws.append(Flaw("cannot be set").at(where, path))
            else:
                reading.unknown(path, where)
            continue
        _one(reading, field, value, where)


def written(field: Field, value: str, folder: Path | None = None) -> Any:
    """A field's value as typed in a form or after `--set`, or the first Flaw. Empty: the default.

    A list is written with commas, or as a YAML list in brackets.
    """
    if not value and field.kind is not Kind.CHOICE:
        return (
            field.default if folder is None or field.kind is not Kind.FILE else _default_path(field, folder)
        )
    if field.kind is Kind.TOGGLE:
        return accept.toggle(value)
    if field.kind is not Kind.TEXTS:
        return accept.text(field, value, folder)
    parts = _parts(value)
    if isinstance(parts, Flaw):
        return parts
    accepted = [accept.text(field, part, folder) for part in parts]
    return next((a for a in accepted if isinstance(a, Flaw)), tuple(accepted))


def _one(reading: Reading, field: Field, value: str, where: Place) -> None:
    made = written(field, value, Path.cwd())
    if field.path in reading.values and reading.values[field.path] == made:
        return  # nothing changed: what follows from it is told at its line in the file
    reading.places[field.path] = where
    if isinstance(made, Flaw):
        accept.learn(field, value)
        reading.fault(made, where, field.path)
        return
    reading.values[field.path] = made
    reading.faulty.discard(field.path)


def _default_path(field: Field, folder: Path) -> Path | None:
    return accept.located(field.default, folder) if field.default is not None else None


def _parts(value: str) -> list[str] | Flaw:
    if not (value.startswith("[") and value.endswith("]")):
        return [part.strip() for part in value.split(",") if part.strip()]
    refused = Flaw("no list", "values with commas between them, or a YAML list in brackets")
    try:
        node = nodes.compose(value, "")
    except nodes.Unreadable:
        return refused
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(n, yaml.ScalarNode) for n in node.value):
        return refused
    return [n.value for n in node.value]
