"""Keys and types of a values file against the chart's own values: Helm accepts a misspelt key without a word."""

import re
from collections.abc import Mapping
from typing import Any

from wizard.answers.checks import nearest
from wizard.cluster.chart.model import Chart
from wizard.cluster.values.complaint import Complaint
from wizard.cluster.yaml_lines import Located, Path_, dotted

_OPEN = {
    "affinity", "annotations", "commonLabels", "global", "labels", "livenessProbe", "nodeSelector", "podAnnotations",
    "podLabels", "podSecurityContext", "podSelector", "readinessProbe", "resources", "securityContext", "startupProbe",
}  # fmt: skip
"""Keys whose contents are Kubernetes' own, handed on as they are: what the chart shows there is only an example."""
_USED = re.compile(r"\.Values\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")


def check_keys(chart: Chart, given: Located) -> list[Complaint]:
    """Complaints about keys the chart does not know, values of another type, and keys written twice."""
    if given.data is None:
        return []
    if not isinstance(given.data, Mapping):
        return [
            Complaint("wrong-type", given.file, f"it is a {_kind(given.data)}", "expected keys and values")
        ]
    used = {path for name in chart.templates for path in _USED.findall(chart.text(name))}
    out = [
        Complaint(
            "key-twice", f"{given.file}:{line}", f"{dotted(path)} is written twice", "the later one would win"
        )
        for path, line in given.doubled
    ]
    _walk(chart, chart.values.data or {}, given.data, (), given, used, out)
    return out


def _walk(
    chart: Chart,
    known: Mapping[str, Any],
    data: Mapping[str, Any],
    path: Path_,
    given: Located,
    used: set[str],
    out: list[Complaint],
) -> None:
    for key, value in data.items():
        here = (*path, key)
        if key in _OPEN or (not path and _is_subchart(chart, key)):
            continue
        if key not in known:
            name = dotted(here)
            if any(use == name or use.startswith(name + ".") for use in used):
                continue
            meant = nearest(key, known)
            hint = (
                f"did you mean {dotted((*path, meant))}?" if meant else f"known: {', '.join(known) or 'none'}"
            )
            out.append(Complaint("unknown-key", given.at(here), f"{name} is no value of {chart.title}", hint))
            continue
        own = known[key]
        if isinstance(own, Mapping) and isinstance(value, Mapping):
            if own:  # an empty mapping is filled in freely
                _walk(chart, own, value, here, given, used, out)
        elif fault := _fault(own, value):
            out.append(Complaint("wrong-type", given.at(here), f"{dotted(here)} is {_shown(value)}", fault))


def _fault(own: Any, value: Any) -> str:
    """What was expected instead of `value` where the chart has `own`; "" where it fits."""
    if own is None or (value is None and own == ""):
        return ""
    if value is None:
        return f"null would remove the chart's {_kind(own)}; leave the key out to keep it"
    if type(own) is type(value):
        return ""
    if isinstance(own, float) and isinstance(value, int) and not isinstance(value, bool):
        return ""
    if isinstance(own, str) and isinstance(value, int | float):
        return 'expected text: put it in "quotes"'
    return f"expected a {_kind(own)}, as in the chart: {_shown(own)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "mapping"
    return "list" if isinstance(value, list) else "text" if isinstance(value, str) else "date or other value"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return f"a {_kind(value)}"
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else None
    return text or (f'"{value}"' if isinstance(value, str) else str(value))


def _is_subchart(chart: Chart, key: str) -> bool:
    return any(name.startswith(f"charts/{key}") for name in chart.files)
