"""Server-side apply, near enough: what a manager applied and no longer applies goes; lists merge by their key."""

from typing import Any

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "ports": "",  # Service and container ports differ in their key: see _key
    "ownerReferences": "uid",
}


def apply(live: Any, last: Any, new: Any, field: str = "") -> Any:
    """`new` over `live`, where `last` is what the same manager applied before."""
    if isinstance(live, dict) and isinstance(new, dict):
        before = last if isinstance(last, dict) else {}
        merged = {k: v for k, v in live.items() if not (k in before and k not in new)}
        for k, v in new.items():
            merged[k] = apply(live.get(k), before.get(k), v, k)
        return merged
    if isinstance(live, list) and isinstance(new, list) and field in _KEYS:
        key = _key(field, live, new)
        if key:
            old = {str(item.get(key)): item for item in live}
            previous = (
                {str(i.get(key)): i for i in last if isinstance(i, dict)} if isinstance(last, list) else {}
            )
            ours = [apply(old.get(str(i[key])), previous.get(str(i[key])), i) for i in new]
            names = {str(i[key]) for i in new}
            others = [i for n, i in old.items() if n not in names and n not in previous]
            return [*ours, *others]
    return new


def _key(field: str, live: list[Any], new: list[Any]) -> str:
    both = [*live, *new]
    if not all(isinstance(item, dict) for item in both):
        return ""
    keys = ("containerPort", "port") if field == "ports" else (_KEYS[field],)
    return next((k for k in keys if all(k in item for item in both)), "")
