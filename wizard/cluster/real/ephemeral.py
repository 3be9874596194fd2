"""Ephemeral containers: looking from inside a component's own pod, under its own policies."""

import time
from typing import TYPE_CHECKING

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.problems import not_started, too_slow
from wizard.cluster.real.errors import refused
from wizard.cluster.real.node_watch import NodeWatch
from wizard.cluster.real.pod_log import PodLog
from wizard.cluster.real.pods import HOPELESS, TICK, state_of, why
from wizard.engine.stop import Stop

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster


def debug(
    cluster: "RealCluster", pod: str, namespace: str, container: Obj, timeout: float, stop: Stop
) -> PodResult:
    """Add the container to the pod and wait for its end. It stays in the pod's spec until the pod goes."""
    path = cluster.resources.find("Pod").path(namespace, pod) + "/ephemeralcontainers"
    patch = {"spec": {"ephemeralContainers": [container]}}
    cluster.api.json(
        "PATCH",
        path,
        None,
        patch,
        "application/strategic-merge-patch+json",
        what=f"add an ephemeral container to {namespace}/{pod}",
    )
    deadline = time.monotonic() + timeout
    log = PodLog(cluster, pod, namespace, container["name"], None)
    watch = NodeWatch(cluster, f"the probe inside {namespace}/{pod}")
    while True:
        stop.check()
        found = cluster.get("Pod", pod, namespace)
        if found is None:
            raise refused(
                f"look from inside the pod {namespace}/{pod}", 404, "it was deleted while it was looked at"
            )
        node = found["spec"].get("nodeName", "")
        state = state_of(found, container["name"])
        if "terminated" in state:
            log.read(over=True)
            return PodResult(int(state["terminated"]["exitCode"]), log.text, node, log.cut)
        waiting = state.get("waiting", {})
        if waiting.get("reason") in HOPELESS:
            message = why(cluster, found, waiting.get("message", ""))
            raise not_started(pod, namespace, waiting["reason"], message)
        if time.monotonic() > deadline:
            raise too_slow(f"the probe inside {namespace}/{pod}", timeout, waiting.get("reason", ""))
        watch.look(node)
        stop.wait(TICK)
