"""Running a pod to its end: its log as it grows, its end, or the cause why it does not start."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.real.errors import not_started, too_slow
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster

TICK = 0.25
OUTPUT = 1024 * 1024
HOPELESS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}
"""Waiting reasons that do not mend themselves within an experiment."""


def run_pod(
    cluster: "RealCluster",
    pod: Obj,
    timeout: float,
    stop: Stop,
    output: Callable[[str], None] | None,
    keep: bool,
) -> PodResult:
    """See the port. The pod is created (never adopted): one of the same name is a refusal."""
    meta = pod["metadata"]
    name, namespace = meta["name"], meta.get("namespace") or "default"
    path = cluster.resources.find("Pod").path(namespace)
    query = {"fieldManager": "airgap-wizard", "fieldValidation": "Strict"}
    try:
        made = cluster.api.json("POST", path, query, pod, what=f"create the pod {namespace}/{name}")
    except Problem as problem:
        if problem.code == "cluster-refused":
            raise not_started(name, namespace, "refused", problem.detail) from None
        raise
    try:
        return _to_its_end(cluster, made, timeout, stop, output)
    finally:
        if not keep:
            remove(cluster, name, namespace)


def remove(cluster: "RealCluster", name: str, namespace: str) -> None:
    """Delete the pod; an API server that is away now is met again by whoever cleans up leftovers."""
    try:
        cluster.delete("Pod", name, namespace)
    except Problem as problem:
        if problem.code not in ("cluster-unreachable", "cluster-timeout"):
            raise


def _to_its_end(
    cluster: "RealCluster", made: Obj, timeout: float, stop: Stop, output: Callable[[str], None] | None
) -> PodResult:
    name, namespace = made["metadata"]["name"], made["metadata"]["namespace"]
    container = made["spec"]["containers"][0]["name"]
    deadline = time.monotonic() + timeout
    shown = 0
    while True:
        stop.check()
        pod = cluster.get("Pod", name, namespace)
        if pod is None or pod["metadata"]["uid"] != made["metadata"]["uid"]:
            raise not_started(name, namespace, "deleted", "the pod was deleted while it was waited for")
        state = state_of(pod, container)
        node = pod["spec"].get("nodeName", "")
        if "running" in state and output is not None:
            shown = _show(_log(cluster, name, namespace, container), shown, output)
        if "terminated" in state:
            text = _log(cluster, name, namespace, container)
            if output is not None:
                _show(text, shown, output)
            return PodResult(int(state["terminated"]["exitCode"]), text, node, len(text) >= OUTPUT)
        if pod["status"].get("phase") == "Failed":
            status = pod["status"]
            raise not_started(name, namespace, status.get("reason", "Failed"), status.get("message", ""))
        waiting = state.get("waiting", {})
        if waiting.get("reason") in HOPELESS:
            raise not_started(
                name, namespace, waiting["reason"], why(cluster, pod, waiting.get("message", ""))
            )
        if time.monotonic() > deadline:
            if "running" in state:
                raise too_slow(f"the pod {namespace}/{name}", timeout)
            raise not_started(name, namespace, *_stuck(cluster, pod, waiting))
        stop.wait(TICK)


def state_of(pod: Obj, container: str) -> Obj:
    """The state of a container: {"waiting"|"running"|"terminated": …}, {} before it has one."""
    status = pod.get("status", {})
    for key in ("containerStatuses", "ephemeralContainerStatuses", "initContainerStatuses"):
        for row in status.get(key) or ():
            if row["name"] == container:
                found: Obj = row.get("state") or {}
                return found
    return {}


def why(cluster: "RealCluster", pod: Obj, message: str) -> str:
    """The waiting message, with the pod's warnings: the back-off message alone hides the first cause."""
    warnings = [e.get("message", "") for e in events(cluster, pod) if e.get("type") == "Warning"]
    return "; ".join(dict.fromkeys(filter(None, [message, *warnings])))[:2000]


def events(cluster: "RealCluster", pod: Obj) -> list[Obj]:
    """The events about a pod; none where we may not read them."""
    try:
        found = cluster.list("Event", pod["metadata"]["namespace"])
    except Problem:
        return []
    return [e for e in found if e.get("involvedObject", {}).get("uid") == pod["metadata"]["uid"]]


def _stuck(cluster: "RealCluster", pod: Obj, waiting: Obj) -> tuple[str, str]:
    for condition in pod["status"].get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return condition.get("reason", "Unschedulable"), condition.get("message", "")
    return waiting.get("reason") or "Pending", why(cluster, pod, waiting.get("message", ""))


def _log(cluster: "RealCluster", name: str, namespace: str, container: str) -> str:
    try:
        return cluster.logs(name, namespace, container, tail=20_000)
    except Problem as problem:
        # between "started" and the log's file there is a moment
        if problem.code == "cluster-refused":
            return ""
        raise


def _show(text: str, shown: int, output: Callable[[str], None]) -> int:
    """Hand on the whole lines that are new; returns how many have been handed on."""
    lines = text.splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    for line in whole[shown:]:
        output(line.rstrip("\n"))
    return len(whole)
