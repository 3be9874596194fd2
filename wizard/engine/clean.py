"""An event without any known secret. Our own words (step ids, codes, grades) are left alone: a password that happens
to be one of them must not turn an event into something that cannot be read back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from wizard.engine.events import Event, Moved
from wizard.engine.redact import redactor

_OURS = frozenset({"id", "check", "code", "docs", "step", "run", "journey", "level", "version", "rehearsal"})


def clean(event: Event) -> Event:
    """The event, redacted. Progress carries digests and names, and comes too often for more than those two."""
    if isinstance(event, Moved):
        return replace(event, source=redactor.text(event.source), target=redactor.text(event.target))
    made: Event = _clean(event)
    return made


def _clean(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return redactor.text(value)
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in _OURS}
        changed = {name: new for name, old in found.items() if (new := _clean(old)) != old}
        return replace(value, **changed) if changed else value
    if isinstance(value, tuple):
        return tuple(_clean(v) for v in value)
    if isinstance(value, Mapping | list):
        return redactor.data(value)
    return value
