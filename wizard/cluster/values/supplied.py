"""The values a release was given: files and sets as Helm records them, for comparison with `helm get values`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wizard.cluster.yaml_lines import read


def supplied(files: Sequence[Path], sets: Mapping[str, str]) -> dict[str, Any]:
    """Later files over earlier ones, then the sets. A null stays: Helm keeps it to remove the chart's default."""
    out: dict[str, Any] = {}
    for file in files:
        out = _over(out, read(file).data or {})
    for key, value in sets.items():
        *above, last = key.split(".")
        place = out
        for part in above:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = value
    return out


def same(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two sets of values mean the same: 1 and 1.0 do, as JSON has but one kind of number."""
    return bool(ours == theirs)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        held = out.get(key)
        out[key] = _over(held, value) if isinstance(value, Mapping) and isinstance(held, Mapping) else value
    return out
