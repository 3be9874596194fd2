"""Does the StorageClass bind a volume, and can UID 65532 write to it? By experiment."""

from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import ours
from wizard.cluster.objects.volume import claim
from wizard.cluster.port import Cluster
from wizard.cluster.probes.causes import about_image
from wizard.cluster.probes.scratch import Scratch, until
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Binding:
    """`phase` of the small claim at the end; `mounted` = a restricted pod ran with it; `why` the provisioner's words."""

    storage_class: str
    phase: str
    mounted: bool
    why: str = ""


def gather_binding(sources: Sources) -> Binding:
    """Make a 64 MiB claim and a pod that mounts it: WaitForFirstConsumer binds for a pod alone."""
    name = sources.answers.cluster.storage_class
    if sources.cluster.get("StorageClass", name) is None:
        raise Problem("storage-class-missing", f"there is no StorageClass {name} to try")
    sources.say(f"storage: a small volume of class {name}, mounted once")
    with experiment(sources) as place:
        return _bind(place, name)


def _bind(place: Scratch, name: str) -> Binding:
    labels = ours("scratch", place.names)
    place.cluster.apply(claim("small", place.space, name, "64Mi", labels))
    mount = {"name": "small", "mountPath": "/small"}
    volume = {"name": "small", "persistentVolumeClaim": {"claimName": "small"}}
    why, mounted = "", False
    try:
        result = place.run(
            "mount",
            ["store", "--store", "/small"],
            timeout=_SECONDS,
            container={"volumeMounts": [mount]},
            volumes=[volume],
        )
        mounted = result.exit_code == 0
    except Problem as problem:
        if problem.code not in ("pod-did-not-start", "cluster-timeout") or about_image(problem.detail):
            raise  # that says nothing of the storage
        why = problem.detail or problem.title
    state: dict[str, Any] = {}

    def bound() -> bool:
        nonlocal state
        state = (place.cluster.get("PersistentVolumeClaim", "small", place.space) or {}).get("status") or {}
        return state.get("phase") == "Bound"

    until(bound, place.stop, 5 if mounted else 0)
    words = (
        why if mounted else "; ".join(filter(None, [why, claim_events(place.cluster, place.space, "small")]))
    )
    return Binding(name, str(state.get("phase") or "Pending"), mounted, words)


def claim_events(cluster: Cluster, space: str, name: str) -> str:
    """What the provisioner said of a claim, latest last; "" where events cannot be read."""
    try:
        events = cluster.list("Event", space)
    except Problem:
        return ""
    words = [
        str(event.get("message", ""))
        for event in events
        if (event.get("involvedObject") or {}).get("name") == name
        and (event.get("involvedObject") or {}).get("kind") == "PersistentVolumeClaim"
    ]
    return "; ".join(dict.fromkeys(filter(None, words)))
