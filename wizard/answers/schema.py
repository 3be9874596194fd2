"""JSON Schema (draft 2020-12) of an answers file, from the declarations; editors complete and check with it.

What stands between answers (`rules.py`) is beyond a schema; `answers check` is the judge, the schema never stricter.
"""

from typing import Any

from wizard.answers.fields import Field, Kind, section_title, sections, table
from wizard.answers.form import value_text
from wizard.answers.model import API_VERSION, Journey

_SECRET = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|prompt)$"  # noqa: S105  (a pattern)


def schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    journey = table()["journey"]
    properties: dict[str, Any] = {
        "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
        "journey": {"enum": list(journey.choices), "description": _describe(journey)},
    }
    for section in sections():
        properties[section] = {
            "type": ["object", "null"],
            "description": section_title(section),
            "additionalProperties": False,
            "properties": {f.key: _property(f) for f in table().values() if f.section == section},
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{API_VERSION.replace('/', ':')}:answers",
        "title": "airgap-wizard answers",
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "journey"],
        "properties": properties,
        "allOf": [_needs(journey) for journey in Journey],
    }


def _describe(field: Field) -> str:
    return f"{field.ask.label}: {field.ask.why}."


def _property(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {"description": _describe(field)}
    if field.kind is Kind.TEXTS:
        made |= {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "examples": [list(field.ask.example)],
        }
        made["default"] = list(field.default)
        return made
    if field.kind is Kind.TOGGLE:
        return made | {"type": ["boolean", "null"], "default": field.default}
    made |= {"type": ["string", "null"], "examples": [value_text(field, field.ask.example)]}
    if field.kind is Kind.SECRET:
        made["pattern"] = _SECRET
    if field.default not in (None, ""):
        made["default"] = value_text(field, field.default)
    return made


def _needs(journey: Journey) -> dict[str, Any]:
    """What a journey cannot do without."""
    needed: dict[str, list[str]] = {}
    for field in table().values():
        if field.needed(journey) and (not field.ask.unless or journey is Journey.STAGE):
            needed.setdefault(field.section, []).append(field.key)
    return {
        "if": {"properties": {"journey": {"const": journey.value}}, "required": ["journey"]},
        "then": {
            "required": list(needed),
            "properties": {
                section: {
                    "type": "object",
                    "required": keys,
                    "properties": {key: {"type": "string"} for key in keys},
                }
                for section, keys in needed.items()
            },
        },
    }
