"""The values that the release will get, as far as placement needs them: our file, then the operator's over it."""

from pathlib import Path
from typing import Any

import yaml

from wizard.answers.model import Answers


def values_given(answers: Answers) -> dict[str, Any]:
    """Both files laid over each other; a file that is not there, or no YAML, counts as empty (write-values says so)."""
    found: dict[str, Any] = {}
    for path in (answers.chart.values, answers.chart.overrides):
        if path is not None:
            found = _over(found, _read(path))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def _over(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    both = {key: _over(low[key], high[key]) for key in low.keys() & high.keys() if _maps(low[key], high[key])}
    return low | high | both


def _maps(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)
