"""Durations as Helm and Kubernetes write them, in seconds."""

import re

_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str) -> float:
    """5m → 300.0, 1h30m → 5400.0; 0.0 for what is no duration."""
    parts = _PARTS.findall(duration)
    return sum(float(count) * _UNITS[unit] for count, unit in parts)
