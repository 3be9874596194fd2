"""How an answer is declared: `ask(...)` is the default of a frozen dataclass field and carries all that is known of it.

A section is a frozen, keyword-only dataclass. Field names are snake_case here and camelCase in YAML
(`storage_class` is written `storageClass`). Types a field may have: str, bool, Path, Path | None,
SecretRef | None, a StrEnum, or tuple[str, ...]; `fields.py` reads them off the annotation.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], str]
"""Looks at one value of the declared type; returns "" or what was expected ("a host name, like …")."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """What is known of one answer: shown in the form, the example, `answers explain` and the docs.

    `locate` marks a text that may be a file: without `://` it is a path, relative to the answers file.
    `unless` is the path of an answer that stands in for this one where it is given.
    """

    label: str
    why: str
    example: Any
    check: Check | None = None
    needed: tuple[str, ...] = ()
    seed: str = ""
    locate: bool = False
    unless: str = ""


def ask(
    label: str,
    *,
    why: str,
    example: Any,
    default: Any = dataclasses.MISSING,
    factory: Any = dataclasses.MISSING,
    check: Check | None = None,
    needed: tuple[str, ...] = (),
    seed: str = "",
    locate: bool = False,
    unless: str = "",
) -> Any:
    """Declare one answer. `needed` names the journeys that refuse an empty value; `seed` is the checklist line."""
    metadata = {"ask": Ask(label, why, example, check, needed, seed, locate, unless)}
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def asked(field: "dataclasses.Field[Any]") -> Ask:
    """The declaration behind a dataclass field."""
    found: Ask = field.metadata["ask"]
    return found


def camel(name: str) -> str:
    """storage_class → storageClass."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
