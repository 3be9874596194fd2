"""ResourceQuota and LimitRange: what they add to a pod, and what they refuse."""

from typing import Any

from wizard.cluster.port import Obj
from wizard.cluster.problems import refused
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.quantities import amount

_PLURALS = {
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "pods": "Pod",
    "services": "Service",
    "secrets": "Secret",
}


def limit_range(objects: Objects, pod: Obj) -> None:
    """Give a pod's containers the namespace's default requests and limits."""
    for found in objects.find("LimitRange", pod["metadata"].get("namespace")):
        for item in found["spec"].get("limits") or []:
            if item.get("type") == "Container":
                for container in pod["spec"]["containers"]:
                    _limit(pod, container, item)


def _limit(pod: Obj, container: Obj, item: dict[str, Any]) -> None:
    resources = container.setdefault("resources", {})
    for block, defaults in (("limits", item.get("default")), ("requests", item.get("defaultRequest"))):
        for name, value in (defaults or {}).items():
            resources.setdefault(block, {}).setdefault(name, value)
    for name, most in (item.get("max") or {}).items():
        asked = (resources.get("limits") or {}).get(name)
        if asked is not None and amount(asked) > amount(most):
            raise refused(
                f"Pod {pod['metadata'].get('namespace')}/{pod['metadata']['name']}",
                f'pods "{pod["metadata"]["name"]}" is forbidden: maximum {name} usage per Container is {most},'
                f" but limit is {asked}",
            )


def usage(obj: Obj) -> dict[str, float]:
    """What one object counts for in a quota."""
    kind = kind_of(obj["kind"])
    used = {kind.plural: 1.0, f"count/{kind.plural}" + (f".{kind.group}" if kind.group else ""): 1.0}
    if obj["kind"] == "Pod":
        for container in obj["spec"].get("containers") or []:
            for block, values in (container.get("resources") or {}).items():
                for name, value in (values or {}).items() if isinstance(values, dict) else ():
                    for key in (f"{block}.{name}", *([name] if block == "requests" else [])):
                        used[key] = used.get(key, 0.0) + amount(value)
    if obj["kind"] == "PersistentVolumeClaim":
        used["requests.storage"] = amount(obj["spec"]["resources"]["requests"]["storage"])
    return used


def check(objects: Objects, obj: Obj) -> None:
    """Raises `cluster-refused` where a new object goes over a quota, or leaves out what a quota counts."""
    namespace = obj["metadata"].get("namespace")
    for quota in objects.find("ResourceQuota", namespace):
        hard = quota["spec"].get("hard") or {}
        asked = usage(obj)
        name, kind = obj["metadata"]["name"], kind_of(obj["kind"]).plural
        if obj["kind"] == "Pod":
            counted = [k for k in hard if k in ("cpu", "memory") or k.startswith(("requests.", "limits."))]
            missing = [k for k in counted if k != "requests.storage" and not _given(obj, k)]
            if missing:
                raise refused(
                    f"Pod {namespace}/{name}",
                    f'{kind} "{name}" is forbidden: failed quota: {quota["metadata"]["name"]}:'
                    f" must specify {','.join(sorted(missing))} for: {_blank(obj)}",
                )
        used = _used(objects, quota)
        over = [k for k in hard if asked.get(k) and used.get(k, 0.0) + asked[k] > amount(hard[k])]
        if over:
            raise refused(
                f"{obj['kind']} {namespace}/{name}",
                f'{kind} "{name}" is forbidden: exceeded quota: {quota["metadata"]["name"]},'
                f" requested: {_told(asked, over)}, used: {_told(used, over)},"
                f" limited: {','.join(f'{k}={hard[k]}' for k in over)}",
            )


def _given(pod: Obj, key: str) -> bool:
    block, _, name = key.rpartition(".")
    return all(
        name in ((c.get("resources") or {}).get(block or "requests") or {}) for c in pod["spec"]["containers"]
    )


def _blank(pod: Obj) -> str:
    return ",".join(str(c["name"]) for c in pod["spec"]["containers"])


def _used(objects: Objects, quota: Obj) -> dict[str, float]:
    total: dict[str, float] = {}
    for obj in objects.all():
        if obj["metadata"].get("namespace") != quota["metadata"]["namespace"]:
            continue
        if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        for key, value in usage(obj).items():
            total[key] = total.get(key, 0.0) + value
    return total


def _told(values: dict[str, float], keys: list[str]) -> str:
    return ",".join(f"{k}={_short(values.get(k, 0.0))}" for k in keys)


def _short(value: float) -> str:
    for unit, scale in (("Gi", 2**30), ("Mi", 2**20)):
        if value >= scale and value % scale == 0:
            return f"{int(value / scale)}{unit}"
    return f"{int(value)}" if value == int(value) else f"{round(value * 1000)}m"


def settle(objects: Objects) -> None:
    """Write `status.used` of every quota."""
    for quota in objects.find("ResourceQuota"):
        hard = quota["spec"].get("hard") or {}
        used = _used(objects, quota)
        status = {"hard": hard, "used": {k: _short(used.get(k, 0.0)) for k in hard}}
        if quota.get("status") != status:
            quota["status"] = status
            objects.put(quota)
