"""Clocks: ours, the API server's and the nodes'. Signatures, certificates and tokens all have dates."""

import time
from dataclasses import dataclass
from datetime import datetime

from wizard.cluster.objects.names import ours
from wizard.cluster.objects.namespace import namespace
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import names


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds: how far the API server is ahead of us, and each node ahead of the API server.

    A node is read off its lease, which it renews every ten seconds: it is never exact, and -20 to 0 is no skew.
    """

    server: float
    nodes: tuple[tuple[str, float], ...] = ()


def gather_clocks(sources: Sources) -> Clocks:
    """The API server's time is that of an object offered as a dry run."""
    before = time.time()
    made = sources.cluster.apply(namespace("airgap-wizard-clock", ours("scratch", names(sources))), dry=True)
    now = (before + time.time()) / 2
    stamp = str(made["metadata"].get("creationTimestamp") or "")
    if not stamp:
        raise Problem("clock-unknown", "the API server put no time on an object that was offered to it")
    ahead = _seconds(stamp) + 0.5 - now  # whole seconds, cut off
    nodes = []
    for lease in sources.cluster.list("Lease", "kube-node-lease"):
        renewed = str((lease.get("spec") or {}).get("renewTime") or "")
        if renewed:
            nodes.append((str(lease["metadata"]["name"]), _seconds(renewed) - (time.time() + ahead)))
    return Clocks(ahead, tuple(sorted(nodes)))


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
