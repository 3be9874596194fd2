"""A node whose kubelet is away reports nothing, and a pod on it looks as it did last: somebody has to notice."""

import time
from typing import TYPE_CHECKING

from wizard.cluster.port import Obj
from wizard.cluster.real.errors import node_away
from wizard.engine.problems import Problem

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster

EVERY = 10.0
PATIENCE = 120.0
"""Seconds that a node may be away: a reboot, an upgrade of its kubelet."""


class NodeWatch:
    """Looks at the node now and then while something on it is waited for."""

    def __init__(self, cluster: "RealCluster", what: str) -> None:
        self._cluster, self._what = cluster, what
        self._next = time.monotonic() + EVERY
        self._away_since: float | None = None

    def look(self, node: str) -> None:
        """Raises Problem `node-away` where the node has not been Ready for longer than patience lasts."""
        now = time.monotonic()
        if not node or now < self._next:
            return
        self._next = now + EVERY
        ready = self._ready(node)
        if ready is None or ready.get("status") == "True":
            self._away_since = None
            return
        if self._away_since is None:
            self._away_since = now
        if now - self._away_since >= PATIENCE:
            raise node_away(node, self._what, str(ready.get("message", "")))

    def _ready(self, node: str) -> Obj | None:
        """The node's condition; None where we may not look, or there is no such node (any more)."""
        try:
            nodes = self._cluster.list("Node")
        except Problem:
            return None
        for found in nodes:
            if found["metadata"]["name"] == node:
                conditions = (found.get("status") or {}).get("conditions") or ()
                return next((c for c in conditions if c.get("type") == "Ready"), None)
        return None
