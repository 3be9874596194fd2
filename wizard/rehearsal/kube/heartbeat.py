"""What kubelets renew: the lease of each node, in its own clock's time."""

from datetime import UTC, datetime

from wizard.rehearsal.description import Description
from wizard.rehearsal.kube.objects import Objects

SPACE = "kube-node-lease"
_EVERY = 5.0


def beat(world: Description, objects: Objects) -> None:
    """Renew the leases of nodes whose kubelet is there."""
    marks = objects.section("marks")
    if objects.now - float(marks.get("beat", 0.0)) < _EVERY:
        return
    marks["beat"] = objects.now
    for node in world.nodes:
        if not node.ready:
            continue
        lease = objects.get("Lease", node.name, SPACE) or {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": node.name, "namespace": SPACE},
        }
        at = datetime.fromtimestamp(objects.now + node.clock, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease["spec"] = {"holderIdentity": node.name, "leaseDurationSeconds": 40, "renewTime": at}
        objects.put(lease)
