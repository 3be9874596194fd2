"""Ephemeral containers: looking from inside a component's own pod, under its own policies."""

import time
from typing import TYPE_CHECKING

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.real.errors import not_started, refused, too_slow
from wizard.cluster.real.pods import HOPELESS, OUTPUT, TICK, _log, state_of, why
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
    while True:
        stop.check()
        found = cluster.get("Pod", pod, namespace)
        if found is None:
            raise refused(
                f"the pod {namespace}/{pod}", 404, "it was deleted while it was looked at from inside"
            )
        state = state_of(found, container["name"])
        if "terminated" in state:
            text = _log(cluster, pod, namespace, container["name"])
            node = found["spec"].get("nodeName", "")
            return PodResult(int(state["terminated"]["exitCode"]), text, node, len(text) >= OUTPUT)
        waiting = state.get("waiting", {})
        if waiting.get("reason") in HOPELESS:
            message = why(cluster, found, waiting.get("message", ""))
            raise not_started(pod, namespace, waiting["reason"], message)
        if time.monotonic() > deadline:
            raise too_slow(f"the probe inside {namespace}/{pod}", timeout, waiting.get("reason", ""))
        stop.wait(TICK)
