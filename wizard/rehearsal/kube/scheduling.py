"""The scheduler: which node a pod goes to, or the scheduler's words on why none will do."""

from collections import Counter
from typing import Any

from wizard.cluster.objects.selectors import labels_of, matches, plain
from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.quantities import amount

SELECTED = "volume.kubernetes.io/selected-node"


def requests(pod: Obj) -> dict[str, float]:
    """What a pod asks of its node."""
    total: dict[str, float] = {"pods": 1.0}
    for container in pod["spec"].get("containers") or []:
        for name, value in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = total.get(name, 0.0) + amount(value)
    return total


def claims(objects: Objects, pod: Obj) -> list[tuple[str, Obj | None]]:
    """The claims that a pod mounts, by name; None for one that does not exist."""
    names = [
        v["persistentVolumeClaim"]["claimName"]
        for v in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in v
    ]
    return [(n, objects.get("PersistentVolumeClaim", n, pod["metadata"]["namespace"])) for n in names]


def place(objects: Objects, pod: Obj) -> tuple[str, str]:
    """(node, "") or ("", why not)."""
    for name, claim in claims(objects, pod):
        if claim is None:
            return "", f'persistentvolumeclaim "{name}" not found'
        if claim["status"]["phase"] != "Bound" and not _waits(objects, claim):
            total = len(objects.find("Node"))
            return "", f"0/{total} nodes are available: pod has unbound immediate PersistentVolumeClaims."
    nodes = objects.find("Node")
    against: Counter[str] = Counter()
    good = []
    for node in nodes:
        why = _against(objects, pod, node)
        if why:
            against.update(why)
        else:
            good.append(node)
    if good:
        return str(min(good, key=lambda n: _load(objects, n))["metadata"]["name"]), ""
    told = ", ".join(sorted(f"{count} {why}" for why, count in against.items()))
    return "", f"0/{len(nodes)} nodes are available: {told}."


def _waits(objects: Objects, claim: Obj) -> bool:
    found = objects.get("StorageClass", claim["spec"].get("storageClassName") or "")
    return bool(found and found.get("volumeBindingMode") == "WaitForFirstConsumer")


def _load(objects: Objects, node: Obj) -> float:
    return _taken(objects, node["metadata"]["name"]).get("memory", 0.0)


def _taken(objects: Objects, name: str) -> dict[str, float]:
    total: dict[str, float] = {}
    for pod in objects.find("Pod"):
        if pod["spec"].get("nodeName") == name and (pod.get("status") or {}).get("phase") in (
            "Pending",
            "Running",
        ):
            for key, value in requests(pod).items():
                total[key] = total.get(key, 0.0) + value
    return total


def _against(objects: Objects, pod: Obj, node: Obj) -> list[str]:
    spec, name = pod["spec"], node["metadata"]["name"]
    labels = labels_of(node)
    found = [
        f"node(s) had untolerated taint {{{t['key']}: {t.get('value', '')}}}"
        for t in node["spec"].get("taints") or []
        if t["effect"] in ("NoSchedule", "NoExecute") and not _tolerated(spec, t)
    ][:1]
    if not plain(spec.get("nodeSelector") or {}, labels) or not _affine(spec, node):
        found.append("node(s) didn't match Pod's node affinity/selector")
    for _, claim in claims(objects, pod):
        where = (claim["metadata"].get("annotations") or {}).get(SELECTED) if claim else None
        if where and where != name:
            found.append("node(s) had volume node affinity conflict")
    if found:
        return found
    taken, room = _taken(objects, name), node["status"]["allocatable"]
    for key, value in requests(pod).items():
        if taken.get(key, 0.0) + value > amount(room.get(key, "0")):
            found.append("Too many pods" if key == "pods" else f"Insufficient {key}")
    return found


def _tolerated(spec: dict[str, Any], taint: dict[str, Any]) -> bool:
    for t in spec.get("tolerations") or []:
        if t.get("effect") and t["effect"] != taint["effect"]:
            continue
        if t.get("operator") == "Exists" and t.get("key") in (None, "", taint["key"]):
            return True
        if t.get("key") == taint["key"] and (t.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def _affine(spec: dict[str, Any], node: Obj) -> bool:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    wanted = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not wanted:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        matches({"matchExpressions": term.get("matchExpressions") or []}, labels_of(node))
        and matches({"matchExpressions": term.get("matchFields") or []}, fields)
        for term in wanted.get("nodeSelectorTerms") or []
    )
