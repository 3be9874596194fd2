"""Label selectors, as NetworkPolicies, Services and workloads use them."""

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]


def labels_of(obj: Mapping[str, Any]) -> Labels:
    """The labels of an object."""
    found: Labels = obj.get("metadata", {}).get("labels") or {}
    return found


def plain(wanted: Labels, labels: Labels) -> bool:
    """Every wanted label is there with its value."""
    return all(labels.get(k) == v for k, v in wanted.items())


def matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    """matchLabels and matchExpressions; an empty selector selects everything."""
    if not plain(selector.get("matchLabels") or {}, labels):
        return False
    return all(_expression(e, labels) for e in selector.get("matchExpressions") or [])


def _expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
