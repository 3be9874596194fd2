"""Pods of the probe image, always as PodSecurity `restricted` wants them (S1.33)."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from wizard.cluster.objects.names import UID
from wizard.cluster.port import Obj

BINARY = "/probe"
"""Where the probe image has its one program."""


def once(name: str) -> str:
    """A name for one pod of several in turn: the one before may still be on its way out."""
    return f"{name}-{secrets.token_hex(2)}"


def container_security() -> Obj:
    """`restricted`, and a read-only root besides."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(memory: str = "64Mi", cpu: str = "100m") -> Obj:
    """Requests and limits: a namespace with a quota admits no pod without them."""
    return {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": cpu, "memory": memory}}


def probe_container(image: str, words: Sequence[str], **more: Any) -> Obj:
    """The container `probe` that says `words` to the probe."""
    return {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [BINARY],
        "args": list(words),
        "securityContext": container_security(),
        "resources": resources(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **more,
    }


def probe_pod(
    name: str,
    namespace: str,
    image: str,
    words: Sequence[str],
    *,
    labels: Mapping[str, str],
    pull_secret: str = "",
    node: str = "",
    service_account: str = "",
    container: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Obj:
    """A pod that runs the probe once. `node` binds it there, past the scheduler and every taint.

    `container` and `spec` add to the container and to the pod's spec.
    """
    body: Obj = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [probe_container(image, words, **(container or {}))],
    }
    if service_account:
        body["serviceAccountName"] = service_account
    if pull_secret:
        body["imagePullSecrets"] = [{"name": pull_secret}]
    if node:
        body["nodeName"] = node
        body["tolerations"] = [{"operator": "Exists"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": body | spec,
    }


def debug_container(name: str, image: str, words: Sequence[str]) -> Obj:
    """An ephemeral container. It names no target: it shares the pod's network, not another container's files."""
    found = probe_container(image, words)
    del found["resources"]  # the API admits none on an ephemeral container
    return found | {"name": name}
