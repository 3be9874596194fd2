"""What a world has before anybody installs anything: nodes, classes, system pods, OpenCost, the described objects."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from wizard.cluster.port import Obj
from wizard.rehearsal.description import Description, Node, Taint
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.quantities import size
from wizard.rehearsal.site import APP
from wizard.rehearsal.state import clone

_DAEMONS = {
    "calico": "calico-node", "cilium": "cilium", "antrea": "antrea-agent", "flannel": "kube-flannel-ds",
    "kindnet": "kindnet", "kube-router": "kube-router",
}  # fmt: skip
_INSTANCE = "app.kubernetes.io/name"

_marks: dict[int, tuple[Description, str]] = {}
"""Fingerprints by identity: asked for at every call, and a description never changes (it is kept, so is its id)."""


def furnish(world: Description, objects: Objects) -> None:
    """Make, or after a change of the description remake, what the world brings along."""
    if _marks.get(id(world)) is None:
        _marks[id(world)] = (world, hashlib.sha256(repr(asdict(world)).encode()).hexdigest())
    mark = _marks[id(world)][1]
    marks = objects.section("marks")
    if marks.get("furnished") == mark:
        return
    for obj in _all(world):
        meta = obj["metadata"]
        known = objects.get(obj["kind"], meta["name"], meta.get("namespace"))
        if known:
            meta |= {k: known["metadata"][k] for k in ("uid", "creationTimestamp")}
        if obj["kind"] == "Namespace":
            meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta["name"]
            obj.setdefault("status", {"phase": "Active"})
        objects.put(obj)
    marks["furnished"] = mark


def _all(world: Description) -> Iterator[Obj]:
    for name in (
        "default",
        "kube-system",
        "kube-public",
        "kube-node-lease",
        world.dns.namespace,
        world.opencost.namespace,
    ):
        yield _obj("Namespace", name)
    yield _service(
        "kubernetes", "default", "10.96.0.1", {}, [{"name": "https", "port": 443, "targetPort": 6443}]
    )
    for number, node in enumerate(world.nodes):
        yield _node(world, node, number)
    for found in world.storage_classes:
        annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if found.default else {}
        yield _obj("StorageClass", found.name, annotations=annotations) | {
            "provisioner": found.provisioner,
            "volumeBindingMode": str(found.binding),
            "allowVolumeExpansion": found.expands,
            "reclaimPolicy": "Delete",
        }
    daemon = _DAEMONS.get(world.cni.name, world.cni.name)
    yield _daemon(daemon, f"cni/{world.cni.name}:installed")
    yield _deployment(
        "coredns",
        world.dns.namespace,
        dict(world.dns.labels),
        "dns",
        "registry.k8s.io/coredns/coredns:v1.12.1",
    )
    yield _service("kube-dns", world.dns.namespace, "10.96.0.10", dict(world.dns.labels), [
        {"name": "dns", "port": 53, "targetPort": world.dns.port, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "targetPort": world.dns.port, "protocol": "TCP"},
    ])  # fmt: skip
    if world.rewrites:
        yield _webhook()
    if world.opencost.installed:
        yield from _opencost(world)
    for described in world.objects:
        yield clone(described)


def _opencost(world: Description) -> Iterator[Obj]:
    cost = world.opencost
    labels = {
        _INSTANCE: "opencost",
        "app.kubernetes.io/instance": "opencost",
        "app.kubernetes.io/version": cost.version,
    }
    image = f"ghcr.io/opencost/opencost:{cost.version}"
    env = [{"name": "MCP_SERVER_ENABLED", "value": "true" if cost.mcp else "false"}]
    yield _deployment(cost.service, cost.namespace, labels, "opencost", image, env)
    ports: list[Obj] = [{"name": "http", "port": 9003, "targetPort": 9003}]
    if cost.exposed:
        ports.append({"name": "mcp", "port": 8081, "targetPort": 8081})
    yield _service(cost.service, cost.namespace, "10.96.0.20", {_INSTANCE: "opencost"}, ports)
    if not cost.admits:
        yield _obj("NetworkPolicy", cost.service, cost.namespace) | {
            "spec": {
                "podSelector": {"matchLabels": {_INSTANCE: "opencost"}},
                "policyTypes": ["Ingress"],
                "ingress": [{"ports": [{"port": 9003, "protocol": "TCP"}]}],
            }
        }


def _webhook() -> Obj:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    hook = {
        "name": "images.rewriter.example",
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"name": "image-rewriter", "namespace": "kube-system"}},
    }
    return _obj("MutatingWebhookConfiguration", "image-rewriter") | {"webhooks": [hook]}


def _obj(kind: str, name: str, namespace: str = "", **meta: Any) -> Obj:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": kind_of(kind).api, "kind": kind, "metadata": {"name": name, **where, **meta}}


def _node(world: Description, node: Node, number: int) -> Obj:
    labels = {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/arch": node.arch,
        "kubernetes.io/os": "linux",
        **node.labels,
    }
    room = {"cpu": node.cpu, "memory": node.memory, "ephemeral-storage": node.disk, "pods": "110"}
    if node.gpu:
        room["nvidia.com/gpu"] = str(node.gpu)
    info = {
        "architecture": node.arch,
        "operatingSystem": "linux",
        "kubeletVersion": world.kubernetes.version,
        "containerRuntimeVersion": "containerd://2.0.5",
        "kernelVersion": "6.1.0",
        "osImage": "Rehearsal Linux",
    }
    away = [Taint(key="node.kubernetes.io/unreachable", effect=e) for e in ("NoSchedule", "NoExecute")]
    taints = [
        {"key": t.key, "value": t.value, "effect": t.effect}
        for t in (*node.taints, *(() if node.ready else away))
    ]
    spec: Obj = {"taints": taints} if taints else {}
    return _obj("Node", node.name, labels=labels) | {
        "spec": spec,
        "status": {
            "capacity": dict(room),
            "allocatable": dict(room),
            "addresses": [
                {"type": "InternalIP", "address": f"10.20.0.{number + 11}"},
                {"type": "Hostname", "address": node.name},
            ],
            "nodeInfo": info,
            "conditions": [
                {"type": "Ready", "status": "True" if node.ready else "Unknown"},
                {"type": "DiskPressure", "status": "True" if size(node.disk) < 2**24 else "False"},
            ],
        },
    }


def _service(name: str, namespace: str, ip: str, selector: dict[str, str], ports: list[Obj]) -> Obj:
    full = [{"protocol": "TCP", **p} for p in ports]
    spec = {"type": "ClusterIP", "clusterIP": ip, "selector": selector, "ports": full}
    return _obj("Service", name, namespace) | {"spec": spec}


def _template(labels: dict[str, str], app: str, image: str, env: list[Obj] | None = None) -> Obj:
    container = {"name": app, "image": image, "env": env or [], "imagePullPolicy": "IfNotPresent"}
    return {
        "metadata": {"labels": labels, "annotations": {APP: app}},
        "spec": {"restartPolicy": "Always", "serviceAccountName": "default", "containers": [container]},
    }


def _deployment(
    name: str, namespace: str, labels: dict[str, str], app: str, image: str, env: list[Obj] | None = None
) -> Obj:
    template = _template(labels, app, image, env)
    # system pods come to any node, whatever its taints
    template["spec"]["tolerations"] = [{"operator": "Exists"}]
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return _obj("Deployment", name, namespace, labels=labels) | {"spec": spec}


def _daemon(name: str, image: str) -> Obj:
    labels = {"k8s-app": name}
    template = _template(labels, "cni", image)
    template["spec"]["hostNetwork"] = True
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return _obj("DaemonSet", name, "kube-system", labels=labels) | {"spec": spec}
