"""What a contract test of the cluster port is given: an adapter, and what that cluster has."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.real.process import NotReady, wait_until
from wizard.cluster.port import Cluster, Obj
from wizard.engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Bench:
    """`probe` is the probe's image, pinned by digest, that every node can pull with `pull_secret` ("" = with none).

    `classes` are StorageClasses that bind, by binding mode. `outside` is an address beyond the perimeter.
    """

    cluster: Cluster
    probe: str
    classes: dict[str, str]
    patience: float = 60.0
    enforces: bool = True

    @contextmanager
    def namespace(self, level: str = "restricted") -> Iterator[str]:
        """A namespace of the test's own, gone afterwards."""
        name = f"contract-{secrets.token_hex(4)}"
        labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        )
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tester", "namespace": name}}
        )
        try:
            yield name
        finally:
            with suppress(Problem):
                self.cluster.delete("Namespace", name)

    def pod(
        self,
        namespace: str,
        name: str,
        words: Sequence[str],
        *,
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> Obj:
        """A pod that PodSecurity `restricted` admits and that says `words` to the probe."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels or {"contract": name}},
            "spec": {
                "restartPolicy": "Never",
                "serviceAccountName": "tester",
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "fsGroup": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [self.container("probe", words)],
                **spec,
            },
        }

    def container(self, name: str, words: Sequence[str], **more: Any) -> Obj:
        """Its container."""
        return {
            "name": name,
            "image": self.probe,
            "imagePullPolicy": "IfNotPresent",
            "command": ["/probe"],
            "args": list(words),
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            **more,
        }

    def until(self, kind: str, name: str, namespace: str | None, true: Any) -> Obj:
        """Wait until an object exists and `true(object)` holds; the object."""
        seen: list[Obj | None] = [None]

        def come() -> Obj | None:
            seen[0] = found = self.cluster.get(kind, name, namespace)
            return found if found is not None and true(found) else None

        try:
            found = wait_until(come, f"{kind} {namespace}/{name} comes to it", self.patience)
        except NotReady as late:
            raise NotReady(f"{late}; it is {seen[0]}") from None
        assert found is not None
        return found


def running(pod: Obj) -> bool:
    """A pod that runs and has an address."""
    status = pod.get("status") or {}
    return status.get("phase") == "Running" and bool(status.get("podIP"))


def config_map(namespace: str, name: str, **data: str) -> Obj:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def deny_egress(namespace: str, name: str, labels: dict[str, str]) -> Obj:
    """A policy under which the selected pods reach nothing."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"]},
    }
