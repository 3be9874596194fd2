"""The causes of a whole release: its pods, its claims, and the controllers that may not make pods at all."""

from collections.abc import Iterator

from wizard.cluster.objects.names import Names
from wizard.cluster.port import Obj, Reader
from wizard.cluster.waiting.cause import Cause, cause
from wizard.cluster.waiting.pods import of_pod, of_release, ready
from wizard.cluster.waiting.refusal import remedies
from wizard.engine.events import Remedy
from wizard.engine.problems import Problem

_OWNERS = ("ReplicaSet", "StatefulSet", "Deployment")


def causes(cluster: Reader, names: Names) -> list[Cause]:
    """Why the release is not Ready, the most telling first; empty where nothing is known to be wrong.

    Raises the cluster's Problems.
    """
    space = names.namespace
    pods = of_release(cluster, names)
    events = sorted(cluster.list("Event", space), key=when)
    found = [cause for pod in pods if not ready(pod) for cause in of_pod(cluster, pod, about(events, pod))]
    found += _claims(cluster, names, events)
    found += _refused(names, pods, events)
    found += _away(cluster, [pod for pod in pods if not ready(pod)])
    unique = {(cause.code, cause.about): cause for cause in found}
    return sorted(unique.values(), key=lambda cause: (cause.rank, cause.about))


def not_ready(cluster: Reader, names: Names) -> list[str]:
    """Names of the release's pods that are not Ready."""
    return sorted(pod["metadata"]["name"] for pod in of_release(cluster, names) if not ready(pod))


def about(events: list[Obj], obj: Obj) -> list[Obj]:
    """The events of one object; those of an earlier object of the same name are another's."""
    meta = obj["metadata"]
    out = []
    for event in events:
        who = event.get("involvedObject") or event.get("regarding") or {}
        if who.get("name") == meta["name"] and who.get("uid", meta.get("uid")) in (meta.get("uid"), None, ""):
            out.append(event)
    return out


def _claims(cluster: Reader, names: Names, events: list[Obj]) -> Iterator[Cause]:
    claim = cluster.get("PersistentVolumeClaim", names.volume, names.namespace)
    if claim is None or claim.get("status", {}).get("phase") in ("Bound", None):
        return
    told = about(events, claim)
    words = str(told[-1].get("message", "")) if told else "nothing is said about it"
    waits = bool(told) and told[-1].get("reason") == "WaitForFirstConsumer"
    yield cause(
        "claim-pending",
        f"claim {names.volume}",
        f"{claim['status']['phase']} in StorageClass {claim.get('spec', {}).get('storageClassName', '(default)')}: {words}",
        Remedy("see what its provisioner says", f"kubectl describe pvc -n {names.namespace} {names.volume}"),
        rank=60 if waits else 12,
    )


def _refused(names: Names, pods: list[Obj], events: list[Obj]) -> Iterator[Cause]:
    """Pods that admission does not let come into being leave no pod to look at, only an event of their owner."""
    have = {pod["metadata"]["name"] for pod in pods}
    for event in events:
        who = event.get("involvedObject") or event.get("regarding") or {}
        name = str(who.get("name", ""))
        if (
            event.get("reason") != "FailedCreate"
            or who.get("kind") not in _OWNERS
            or not name.startswith(names.full)
        ):
            continue
        if any(pod.startswith(name) for pod in have):
            continue  # it was let in since
        yield cause(
            "pod-refused",
            f"{who['kind']} {name}",
            str(event.get("message", "its pods are not admitted")),
            *remedies(str(event.get("message", "")), names.namespace),
            rank=5,
        )


def _away(cluster: Reader, waiting: list[Obj]) -> Iterator[Cause]:
    """Nodes whose kubelet is not heard of: their pods are shown as they were last seen, and have nothing to say."""
    held: dict[str, list[str]] = {}
    for pod in waiting:
        held.setdefault(pod.get("spec", {}).get("nodeName", ""), []).append(pod["metadata"]["name"])
    held.pop("", None)
    try:
        nodes = cluster.list("Node") if held else []
    except Problem as problem:
        if problem.code == "cluster-unreachable":
            raise
        return  # what may not be looked at is no cause
    for node in nodes:
        name, conditions = node["metadata"]["name"], (node.get("status") or {}).get("conditions") or ()
        state = next((c for c in conditions if c.get("type") == "Ready"), {"status": "True"})
        if name not in held or state.get("status") == "True":
            continue
        yield cause(
            "node-away",
            f"node {name}",
            f"is NotReady, and {', '.join(sorted(held[name]))} waits for it: "
            f"{state.get('message') or 'its kubelet no longer reports'}",
            Remedy("see the node", f"kubectl describe node {name}"),
            Remedy("mend its kubelet or its network, then run again: what is done is recognised"),
            rank=8,
        )


def when(event: Obj) -> str:
    """The last time of an event, for ordering."""
    meta = event.get("metadata", {})
    return str(event.get("lastTimestamp") or event.get("eventTime") or meta.get("creationTimestamp") or "")
