"""Namespaces: the install's own and the scratch ones, both under PodSecurity `restricted` (S1.33)."""

from collections.abc import Mapping

from wizard.cluster.port import Obj

POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}


def namespace(name: str, labels: Mapping[str, str] | None = None) -> Obj:
    """A namespace with the three PodSecurity labels, and others."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": POD_SECURITY | dict(labels or {})},
    }


def service_account(name: str, space: str, labels: Mapping[str, str]) -> Obj:
    """A ServiceAccount with no rights and no mounted token: a new namespace's `default` one comes late."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": space, "labels": dict(labels)},
        "automountServiceAccountToken": False,
    }
