"""Running a pod to its end: its log as it grows, its end, or the cause why it does not start."""

import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.problems import not_started, too_slow
from wizard.cluster.real.going import await_gone
from wizard.cluster.real.node_watch import NodeWatch
from wizard.cluster.real.pod_log import PodLog
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster

TICK = 0.25
PULL_PATIENCE = 12.0
"""Seconds for a registry that does not answer a node at once: the kubelet tries again after ten."""
_PASSING = re.compile(
    r"connection re(fused|set)|i/o timeout|TLS handshake timeout|EOF\b|50[0234] |429 Too Many"
)
_MARK = "airgap-wizard/attempt"
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
    """See the port. The pod is created (never adopted): a strange one of the same name is a refusal."""
    meta = pod["metadata"]
    name, namespace = meta["name"], meta.get("namespace") or "default"
    made = _create(cluster, pod, name, namespace, stop)
    try:
        return _to_its_end(cluster, made, timeout, stop, output)
    finally:
        if not keep:
            remove(cluster, name, namespace)


def _create(cluster: "RealCluster", pod: Obj, name: str, namespace: str, stop: Stop) -> Obj:
    """Create it. Where the answer was lost and creation repeated, our own mark says that the pod is ours."""
    mark = secrets.token_hex(8)
    meta = pod["metadata"]
    marked = {**pod, "metadata": {**meta, "annotations": {**(meta.get("annotations") or {}), _MARK: mark}}}
    path = cluster.resources.find("Pod").path(namespace)
    query = {"fieldManager": "airgap-wizard", "fieldValidation": "Strict"}
    while True:
        try:
            made: Obj = cluster.api.json(
                "POST", path, query, marked, what=f"create the pod {namespace}/{name}"
            )
            return made
        except Problem as problem:
            if problem.code != "cluster-refused":
                raise
            if problem.evidence.get("status") == 409:
                found = cluster.get("Pod", name, namespace)
                if found and (found["metadata"].get("annotations") or {}).get(_MARK) == mark:
                    return found
                if found is None or await_gone(cluster, name, namespace, stop):
                    continue
            raise not_started(name, namespace, "refused", problem.detail) from None


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
    log = PodLog(cluster, name, namespace, container, output)
    began = time.monotonic()
    watch = NodeWatch(cluster, f"the pod {namespace}/{name}")
    while True:
        stop.check()
        pod = cluster.get("Pod", name, namespace)
        if pod is None or pod["metadata"]["uid"] != made["metadata"]["uid"]:
            raise not_started(name, namespace, "deleted", "the pod was deleted while it was waited for")
        state = state_of(pod, container)
        node = pod["spec"].get("nodeName", "")
        if "terminated" in state:
            log.read(over=True)
            return PodResult(int(state["terminated"]["exitCode"]), log.text, node, log.cut)
        if "running" in state and output is not None:
            log.read()
        if pod["status"].get("phase") == "Failed":
            status = pod["status"]
            raise not_started(name, namespace, status.get("reason", "Failed"), status.get("message", ""))
        waiting = state.get("waiting", {})
        lasted = time.monotonic() - began
        if waiting.get("reason") in HOPELESS:
            words = why(cluster, pod, waiting.get("message", ""))
            if lasted > PULL_PATIENCE or not _PASSING.search(words):
                raise not_started(name, namespace, waiting["reason"], words)
        if lasted > timeout:
            if "running" in state:
                raise too_slow(f"the pod {namespace}/{name}", timeout)
            raise not_started(name, namespace, *_stuck(cluster, pod, waiting))
        watch.look(node)
        stop.wait(TICK if lasted < 10 else 4 * TICK)


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
