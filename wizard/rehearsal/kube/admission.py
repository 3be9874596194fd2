"""Admission: namespaces that exist, PodSecurity, limits and quota; the defaults that an API server fills in."""

import base64
from typing import Any

from wizard.cluster.objects.selectors import labels_of
from wizard.cluster.port import Obj
from wizard.cluster.problems import refused
from wizard.rehearsal.description import Description
from wizard.rehearsal.kube import podsecurity, quota
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.validate import told, valid


def admit(objects: Objects, obj: Obj, world: Description) -> None:
    """Complete a new object and let it through. Raises `cluster-refused`."""
    valid(obj)
    namespace = obj["metadata"].get("namespace")
    if kind_of(obj["kind"]).namespaced:
        space = objects.get("Namespace", namespace or "default")
        if space is None:
            raise refused(told(obj), f'namespaces "{namespace}" not found')
        if space["metadata"].get("deletionTimestamp"):
            raise refused(
                told(obj),
                f"unable to create new content in namespace {namespace} because it is being terminated",
            )
    complete(objects, obj)
    if obj["kind"] in world.denies:
        why = f'admission webhook "policy.example" denied the request: {world.denies[obj["kind"]]}'
        raise refused(told(obj), why)
    if obj["kind"] == "Pod":
        for container in podsecurity.containers(obj["spec"]):
            for prefix, other in world.rewrites.items():
                if str(container.get("image")).startswith(prefix):
                    container["image"] = other + container["image"].removeprefix(prefix)
        quota.limit_range(objects, obj)
        secure(objects, obj, obj["spec"], world.kubernetes.pod_security)
    if kind_of(obj["kind"]).namespaced:
        quota.check(objects, obj)


def secure(objects: Objects, pod: Obj, spec: dict[str, Any], pod_security: bool) -> None:
    """Raises `cluster-refused` where the namespace's PodSecurity profile has something against the spec."""
    space = objects.get("Namespace", pod["metadata"].get("namespace") or "default")
    level = labels_of(space or {}).get(podsecurity.LEVEL, "")
    found = podsecurity.violations(spec, level) if pod_security else []
    if found:
        name = pod["metadata"]["name"]
        raise refused(
            told(pod),
            f'pods "{name}" is forbidden: violates PodSecurity "{level}:latest": {", ".join(found)}',
        )


def complete(objects: Objects, obj: Obj) -> None:
    """Defaults, as far as anything here looks at them."""
    spec = (
        obj.setdefault("spec", {})
        if obj["kind"] in ("Pod", "Deployment", "StatefulSet", "Job", "Service")
        else {}
    )
    match obj["kind"]:
        case "Namespace":
            obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
            obj.setdefault("status", {"phase": "Active"})
        case "Pod":
            _pod(objects, obj)
        case "Deployment" | "StatefulSet":
            spec.setdefault("replicas", 1)
        case "Secret":
            obj.setdefault("type", "Opaque")
            text = obj.pop("stringData", None) or {}
            coded = {k: base64.b64encode(str(v).encode()).decode() for k, v in text.items()}
            if coded:
                obj["data"] = {**(obj.get("data") or {}), **coded}
        case "PersistentVolumeClaim":
            if "storageClassName" not in obj["spec"]:
                _default_class(objects, obj)
            obj["spec"].setdefault("volumeMode", "Filesystem")
            obj.setdefault("status", {"phase": "Pending"})
        case "Service":
            _service(objects, obj)


def _pod(objects: Objects, pod: Obj) -> None:
    spec = pod["spec"]
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("serviceAccountName", "default")
    account = objects.get("ServiceAccount", spec["serviceAccountName"], pod["metadata"].get("namespace"))
    if account is None:
        raise refused(
            told(pod),
            f'pods "{pod["metadata"]["name"]}" is forbidden: error looking up service account'
            f" {pod['metadata'].get('namespace')}/{spec['serviceAccountName']}: serviceaccount"
            f' "{spec["serviceAccountName"]}" not found',
        )
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(s) for s in account["imagePullSecrets"]]
    for container in podsecurity.containers(spec):
        container.setdefault("imagePullPolicy", "IfNotPresent")
        limits = (container.get("resources") or {}).get("limits") or {}
        for name, value in limits.items():  # requests default to limits
            container["resources"].setdefault("requests", {}).setdefault(name, value)
    pod.setdefault("status", {"phase": "Pending"})


def _default_class(objects: Objects, claim: Obj) -> None:
    mark = "storageclass.kubernetes.io/is-default-class"
    for found in objects.find("StorageClass"):
        if (found["metadata"].get("annotations") or {}).get(mark) == "true":
            claim["spec"]["storageClassName"] = found["metadata"]["name"]
            return


def _service(objects: Objects, service: Obj) -> None:
    spec = service["spec"]
    spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])
    if not spec.get("clusterIP") and spec["type"] != "ExternalName":
        number = objects.section("addresses").get("service", 10) + 1
        objects.section("addresses")["service"] = number
        spec["clusterIP"] = f"10.96.{number // 250}.{number % 250 + 1}"
