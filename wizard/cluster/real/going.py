"""Waiting for a pod that is being deleted: its name is free only when it has gone."""

import time
from typing import TYPE_CHECKING

from wizard.cluster.problems import too_slow
from wizard.engine.stop import Stop

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster

SECONDS = 60.0


def await_gone(cluster: "RealCluster", name: str, namespace: str, stop: Stop | None = None) -> bool:
    """True where a pod of this name was on its way out and has gone now; False where there was nothing to wait for.

    Raises Problem `cluster-timeout` where it does not go (its node is away).
    """
    stop = stop or Stop()
    deadline, waited = time.monotonic() + SECONDS, False
    while True:
        found = cluster.get("Pod", name, namespace)
        if found is None or not found["metadata"].get("deletionTimestamp"):
            return waited
        if time.monotonic() > deadline:
            raise too_slow(f"the deletion of the pod {namespace}/{name}", SECONDS)
        waited = True
        stop.wait(0.25)
