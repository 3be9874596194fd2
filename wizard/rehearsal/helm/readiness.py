"""What `--wait` waits for: workloads with all replicas ready, bound claims, Services with an address."""

from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects


def lacking(objects: Objects, manifests: list[Obj], namespace: str) -> list[str]:
    """The objects that are not ready, as Helm names them (Kind/namespace/name)."""
    missing = []
    for manifest in manifests:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        where = manifest["metadata"].get("namespace") or namespace
        found = objects.get(kind, name, where)
        if found is None or not _ready(found):
            missing.append(f"{kind}/{where}/{name}")
    return missing


def _ready(obj: Obj) -> bool:
    status, spec = obj.get("status") or {}, obj.get("spec") or {}
    match obj["kind"]:
        case "Deployment" | "StatefulSet" | "ReplicaSet":
            wanted: int = spec.get("replicas", 1)
            return bool(status.get("readyReplicas", 0) >= wanted <= status.get("updatedReplicas", 0))
        case "DaemonSet":
            return bool(status.get("numberReady", 0) >= status.get("desiredNumberScheduled", 1))
        case "PersistentVolumeClaim":
            return bool(status.get("phase") == "Bound")
        case "Service":
            return bool(spec.get("clusterIP") or spec.get("type") == "ExternalName")
    return True
