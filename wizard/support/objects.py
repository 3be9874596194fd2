"""What is collected of the API's objects: which kinds of which namespaces, and how much of each."""

import base64
import json
import time
from collections.abc import Iterable
from typing import Any

from wizard.cluster.port import Obj, Reader
from wizard.cluster.waiting.release import when
from wizard.support.collect import Basket, Collector
from wizard.support.format import CLUSTER

GATE = "cluster/version"
MOST = 2000
"""Objects of one kind; of events the newest."""

WIDE = (
    "Node",
    "StorageClass",
    "PersistentVolume",
    "Namespace",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)
OWN = (
    "Pod",
    "Event",
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "Service",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "LimitRange",
)
OPENCOST = ("Pod", "Service", "NetworkPolicy", "Event")
DNS = ("Pod", "Service", "DaemonSet")
DNS_SPACES = ("kube-system", "openshift-dns")
LEASES = "kube-node-lease"

_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def object_collectors(reader: Reader, namespace: str, opencost: str) -> list[Collector]:
    """One a kind and namespace, so that one refusal, or one that hangs, costs nothing else."""
    wanted: list[tuple[str, str]] = [(kind, "") for kind in WIDE]
    wanted += [(kind, namespace) for kind in OWN]
    wanted += [(kind, opencost) for kind in OPENCOST]
    wanted += [(kind, space) for space in DNS_SPACES for kind in DNS]
    wanted.append(("Lease", LEASES))
    return [
        Collector(
            f"cluster/{space or CLUSTER}/{kind}",
            lambda basket, kind=kind, space=space: _list(reader, basket, kind, space),  # type: ignore[misc]
            gate=GATE,
        )
        for kind, space in dict.fromkeys(wanted)
    ]


def version_collector(reader: Reader) -> Collector:
    """The gate: an API server that does not answer this is asked nothing else."""

    def get(basket: Basket) -> None:
        basket.put("cluster/version.json", json.dumps({"version": reader.version()}))

    return Collector(GATE, get, seconds=10.0)


def _list(reader: Reader, basket: Basket, kind: str, namespace: str) -> None:
    at = time.time()
    found = reader.list(kind, namespace or None)
    if kind == "Event":
        found = sorted(found, key=when)
    kept = [shown(obj) for obj in found[-MOST:]]
    data = {"at": round(at, 3), "items": kept, "left": len(found) - len(kept)}
    basket.put(f"cluster/{namespace or CLUSTER}/{kind}.json", _fitting(data, basket))


def _fitting(data: dict[str, Any], basket: Basket) -> bytes:
    """JSON that is whole: where it would be cut off in its middle, the oldest items go instead."""
    limit = Collector("", lambda b: None).most
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, default=str).encode()
    while len(text) > limit and data["items"]:
        drop = max(1, len(data["items"]) // 3)
        data["items"], data["left"] = data["items"][drop:], data["left"] + drop
        basket.cut = True
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, default=str).encode()
    return text


def shown(obj: Obj) -> Obj:
    """An object without what says nothing to us; a Secret without its values."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    if meta.get("annotations"):
        meta["annotations"] = {k: v for k, v in meta["annotations"].items() if k != _APPLIED}
    if obj.get("kind") == "Secret":
        return {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": meta,
            "type": obj.get("type", ""),
            "keys": sorted(obj.get("data") or {}),
            "hosts": sorted(hosts(obj)),
        }
    return {**obj, "metadata": meta}


def hosts(secret: Obj) -> Iterable[str]:
    """The registries that a pull secret has credentials for: names, never what is under them."""
    raw = (secret.get("data") or {}).get(".dockerconfigjson")
    if not isinstance(raw, str):
        return []
    try:
        config = json.loads(base64.b64decode(raw))
        return [str(host) for host in config.get("auths") or {}]
    except (ValueError, AttributeError, TypeError):
        return []
