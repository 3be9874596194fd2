"""Where a pod must stand that mounts the model's volume: beside Ollama if it runs, else where Ollama can follow."""

from typing import Any

from wizard.cluster.objects.names import Names
from wizard.cluster.port import Obj, Reader

_KEYS = ("nodeSelector", "tolerations", "affinity")


def ollama_pod(cluster: Reader, names: Names) -> Obj | None:
    """The pod that has the volume mounted now, or None."""
    for pod in cluster.list("Pod", names.namespace, names.selector("ollama")):
        if pod["metadata"].get("deletionTimestamp") or not (pod.get("spec") or {}).get("nodeName"):
            continue
        if (pod.get("status") or {}).get("phase") in ("Pending", "Running"):
            return pod
    return None


def beside(pod: Obj) -> dict[str, Any]:
    """On the same node, by the scheduler: a ReadWriteOnce volume can be attached to one node alone."""
    match = [{"key": "metadata.name", "operator": "In", "values": [pod["spec"]["nodeName"]]}]
    terms = {"nodeSelectorTerms": [{"matchFields": match}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "tolerations": [{"operator": "Exists"}],
    }


def as_ollama(values: dict[str, Any]) -> dict[str, Any]:
    """The placement that the chart will give Ollama, out of the values written for it."""
    ollama = values.get("ollama")
    return {key: ollama[key] for key in _KEYS if ollama.get(key)} if isinstance(ollama, dict) else {}


def needs_of_ollama(values: dict[str, Any], gpu: bool) -> dict[str, Any]:
    """What Ollama asks of a node, so that the volume is not made where Ollama has no room. Limits = requests."""
    ollama = values.get("ollama")
    given = ollama.get("resources") if isinstance(ollama, dict) else None
    asked = (given or {}).get("requests") or {"cpu": "500m", "memory": "2Gi"}
    requests = {key: str(asked[key]) for key in ("cpu", "memory") if key in asked}
    limits = (
        {"cpu": "2", "memory": requests["memory"]}
        if "memory" in requests
        else {"cpu": "2", "memory": "512Mi"}
    )
    requests["cpu"] = min(requests.get("cpu", "10m"), limits["cpu"], key=lambda cpu: _cpus(cpu))
    if gpu:
        limits["nvidia.com/gpu"] = "1"
    return {"requests": requests, "limits": limits}


def _cpus(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
