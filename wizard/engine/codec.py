"""Events as JSON lines and back. Fields that have their default are left out; unknown ones are passed over.

A line is one JSON object whose `event` names the type (`{"event":"moved","at":…,"step":"…","item":"…"}`).
"""

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from wizard.engine.events import (
    Ended,
    Event,
    Fault,
    Finding,
    Found,
    Grade,
    Move,
    Moved,
    Outcome,
    Planned,
    PlannedStep,
    Remedy,
    Said,
    Started,
)

KINDS: dict[str, type[Event]] = {
    "planned": Planned,
    "started": Started,
    "said": Said,
    "moved": Moved,
    "found": Found,
    "ended": Ended,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def encode(event: Event) -> dict[str, Any]:
    """The event as JSON-ready data."""
    return {"event": _NAMES[type(event)], **_plain(event)}


def line(event: Event) -> bytes:
    """One journal line, newline included."""
    return json.dumps(encode(event), ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"


def decode(data: dict[str, Any]) -> Event | None:
    """The event, or None for a kind that this version does not know. Raises ValueError for what is no event."""
    kind = KINDS.get(str(data.get("event", "")))
    if kind is None:
        return None
    try:
        values = {f.name: _REVIVE.get(f.name, _same)(data[f.name]) for f in fields(kind) if f.name in data}
        return kind(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no {data['event']} event: {error}") from None


def _plain(value: Any) -> Any:
    """Dataclasses to dicts without the fields that have their default."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        out = {}
        for f in fields(value):
            v = getattr(value, f.name)
            default = f.default_factory() if f.default_factory is not MISSING else f.default
            if v != default:
                out[f.name] = _plain(v)
        return out
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


def _same(value: Any) -> Any:
    return value


def _remedies(values: list[dict[str, Any]]) -> tuple[Remedy, ...]:
    return tuple(Remedy(v["text"], v.get("command", ""), v.get("docs", "")) for v in values)


def _fault(v: dict[str, Any] | None) -> Fault | None:
    if v is None:
        return None
    remedies = _remedies(v.get("remedies", []))
    return Fault(v["code"], v["title"], v.get("detail", ""), remedies, v.get("evidence", {}))


def _finding(v: dict[str, Any]) -> Finding:
    return Finding(
        v["check"],
        Grade(v["grade"]),
        v["title"],
        v.get("detail", ""),
        v.get("evidence", {}),
        _remedies(v.get("remedies", [])),
    )


def _steps(values: list[dict[str, Any]]) -> tuple[PlannedStep, ...]:
    return tuple(PlannedStep(v["id"], v["title"], tuple(v.get("preview", ()))) for v in values)


_REVIVE: dict[str, Any] = {
    "problem": _fault,
    "finding": _finding,
    "steps": _steps,
    "endpoints": tuple,
    "outcome": Outcome,
    "move": Move,
}
