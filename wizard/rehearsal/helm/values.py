"""Values as Helm puts them together: the chart's own, then each file, then --set; a null takes a key away."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from wizard.rehearsal.gotemplate.functions import floats
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.state import clone


def given(files: Sequence[str], sets: Mapping[str, str]) -> dict[str, Any]:
    """What the operator gives. Raises TemplateError in Helm's words."""
    found: dict[str, Any] = {}
    for name in files:
        try:
            data = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
        except OSError as error:
            raise TemplateError(f"open {name}: {error.strerror}") from None
        except yaml.YAMLError as error:
            raise TemplateError(f"failed to parse {name}: error converting YAML to JSON: {error}") from None
        if data is not None and not isinstance(data, dict):
            raise TemplateError(f"failed to parse {name}: cannot unmarshal into a map of values")
        found = lay(found, floats(data or {}))
    for path, value in sets.items():
        _set(found, path, _typed(value))
    return found


def lay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on `base`, maps key by key."""
    found = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key] = lay(found[key], value)
        else:
            found[key] = value
    return found


def coalesce(own: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """The chart's values with the operator's on them; what the operator set to null is gone."""
    return _without_nulls(lay(clone(own), over), over)


def _without_nulls(values: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        if value is None:
            values.pop(key, None)
        elif isinstance(value, dict) and isinstance(values.get(key), dict):
            _without_nulls(values[key], value)
    return values


def _set(target: dict[str, Any], path: str, value: Any) -> None:
    here: Any = target
    parts: list[str | int] = []
    for part in re.split(r"(?<!\\)\.", path):
        name, *numbers = re.split(r"\[(\d+)\]", part)
        parts += [name.replace("\\.", ".")] if name else []
        parts += [int(n) for n in numbers if n]
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        last = following is None
        fresh: Any = value if last else [] if isinstance(following, int) else {}
        if isinstance(part, int):
            here += [None] * (part + 1 - len(here))
            here[part] = fresh if last or here[part] is None else here[part]
        elif last or not isinstance(here.get(part), dict | list):
            here[part] = fresh
        here = here[part]


def _typed(text: str) -> Any:
    """As --set reads a value."""
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if re.fullmatch(r"-?(0|[1-9]\d*)", text):
        return int(text)
    return text
