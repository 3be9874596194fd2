"""What a run needs to be allowed: asked up front, shipped as the least ClusterRole and Role, named where missing."""

from collections.abc import Iterable
from dataclasses import dataclass

from wizard.cluster.objects.names import MANAGED_BY, MANAGER
from wizard.cluster.port import Obj

ROLE = "airgap-wizard"
_KEEP = ("get", "list", "watch", "create", "patch", "update", "delete")


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on one kind, everywhere (`wide`) or in the release's namespace. `kind` may be `Pod/exec`."""

    kind: str
    group: str
    resource: str
    verbs: tuple[str, ...]
    wide: bool = False


RULES = (
    # read, everywhere
    Rule("Node", "", "nodes", ("list",), wide=True),
    Rule("StorageClass", "storage.k8s.io", "storageclasses", ("get", "list"), wide=True),
    Rule(
        "MutatingWebhookConfiguration",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        ("list",),
        wide=True,
    ),
    Rule("DaemonSet", "apps", "daemonsets", ("list",), wide=True),
    Rule("Service", "", "services", ("get", "list"), wide=True),
    Rule("Lease", "coordination.k8s.io", "leases", ("list",), wide=True),
    Rule("Event", "", "events", ("list",), wide=True),
    # the experiments' namespaces have random names, so what happens in them is allowed everywhere
    Rule("Namespace", "", "namespaces", ("get", "list", "create", "patch", "delete"), wide=True),
    Rule("Pod", "", "pods", ("get", "list", "watch", "create", "patch", "delete"), wide=True),
    Rule("Pod/log", "", "pods/log", ("get",), wide=True),
    # over a websocket it is a GET; Kubernetes 1.35 asks for `create` as well
    Rule("Pod/exec", "", "pods/exec", ("get", "create"), wide=True),
    Rule(
        "NetworkPolicy",
        "networking.k8s.io",
        "networkpolicies",
        ("get", "list", "create", "patch", "delete"),
        wide=True,
    ),
    Rule("ServiceAccount", "", "serviceaccounts", ("create", "patch"), wide=True),
    Rule("Secret", "", "secrets", ("create", "patch"), wide=True),
    Rule("PersistentVolumeClaim", "", "persistentvolumeclaims", ("get", "create", "patch"), wide=True),
    # the release itself; Helm keeps its state in Secrets
    Rule("Secret", "", "secrets", _KEEP),
    Rule("ConfigMap", "", "configmaps", _KEEP),
    Rule("Service", "", "services", _KEEP),
    Rule("ServiceAccount", "", "serviceaccounts", _KEEP),
    Rule("Deployment", "apps", "deployments", _KEEP),
    Rule("ReplicaSet", "apps", "replicasets", ("list",)),
    Rule("StatefulSet", "apps", "statefulsets", _KEEP),
    Rule("NetworkPolicy", "networking.k8s.io", "networkpolicies", _KEEP),
    Rule("PersistentVolumeClaim", "", "persistentvolumeclaims", ("get", "list", "create", "patch", "delete")),
    Rule("Pod/ephemeralcontainers", "", "pods/ephemeralcontainers", ("patch",)),
    Rule("ResourceQuota", "", "resourcequotas", ("list",)),
    Rule("LimitRange", "", "limitranges", ("list",)),
)


def _rules(rules: Iterable[Rule]) -> list[Obj]:
    return [{"apiGroups": [r.group], "resources": [r.resource], "verbs": list(r.verbs)} for r in rules]


def cluster_role() -> Obj:
    """What is needed everywhere."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE, "labels": {MANAGED_BY: MANAGER}},
        "rules": _rules(rule for rule in RULES if rule.wide),
    }


def role(space: str) -> Obj:
    """What is needed in the release's namespace."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": ROLE, "namespace": space, "labels": {MANAGED_BY: MANAGER}},
        "rules": _rules(rule for rule in RULES if not rule.wide),
    }
