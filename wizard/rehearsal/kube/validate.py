"""Validity of objects, and what of an existing one may not change, in the API server's words."""

import re
from typing import Any

from wizard.cluster.objects.selectors import labels_of, matches
from wizard.cluster.port import Obj
from wizard.cluster.problems import refused
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.quantities import amount

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?\Z")
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\Z")
_STATEFUL = {
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
}  # fmt: skip


def told(obj: Obj) -> str:
    """The object as messages name it."""
    meta = obj.get("metadata") or {}
    where = f"{meta['namespace']}/" if meta.get("namespace") else ""
    return f"{obj.get('kind', 'object')} {where}{meta.get('name', '?')}"


def valid(obj: Obj) -> None:
    """Raises `cluster-refused` for what the API server would not take as a new object."""
    kind = kind_of(str(obj.get("kind", "")))
    if obj.get("apiVersion") != kind.api:
        why = f'no matches for kind "{kind.name}" in version "{obj.get("apiVersion")}"'
        raise refused(told(obj), why)
    meta = obj.get("metadata") or {}
    name = meta.get("name") or ""
    if not _NAME.match(name) or len(name) > 253:
        _invalid(
            obj, f"metadata.name: Invalid value: {name!r}: a lowercase RFC 1123 subdomain must consist of …"
        )
    for key, value in {**(meta.get("labels") or {})}.items():
        if not isinstance(value, str) or not _LABEL.match(value):
            _invalid(
                obj, f"metadata.labels: Invalid value: {value!r}: label {key} must be 63 characters or less …"
            )
    _spec(obj)


def _spec(obj: Obj) -> None:
    spec = obj.get("spec") or {}
    match obj["kind"]:
        case "Pod":
            pod_spec(obj, spec, "spec")
        case "Deployment" | "StatefulSet" | "ReplicaSet" | "Job":
            template = spec.get("template") or {}
            pod_spec(obj, template.get("spec") or {}, "spec.template.spec")
            if obj["kind"] != "Job" and not matches(spec.get("selector") or {}, labels_of(template)):
                _invalid(obj, "spec.template.metadata.labels: `selector` does not match template `labels`")
            if obj["kind"] == "Job" and (template.get("spec") or {}).get("restartPolicy") not in (
                "Never",
                "OnFailure",
            ):
                _invalid(
                    obj,
                    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
                )
        case "PersistentVolumeClaim":
            if not spec.get("accessModes"):
                _invalid(obj, "spec.accessModes: Required value: at least 1 access mode is required")
            _quantity(
                obj,
                (spec.get("resources") or {}).get("requests", {}).get("storage"),
                "spec.resources[storage]",
            )
        case "Secret":
            if obj.get("type") == "kubernetes.io/dockerconfigjson" and ".dockerconfigjson" not in {
                **(obj.get("data") or {}),
                **(obj.get("stringData") or {}),
            }:
                _invalid(obj, "data[.dockerconfigjson]: Required value")


def pod_spec(obj: Obj, spec: dict[str, Any], path: str) -> None:
    """Containers with names and images, mounts that name volumes, quantities that parse."""
    containers = spec.get("containers") or []
    if not containers:
        _invalid(obj, f"{path}.containers: Required value")
    volumes = {v.get("name") for v in spec.get("volumes") or []}
    if obj["kind"] == "StatefulSet":
        volumes |= {t["metadata"]["name"] for t in (obj["spec"].get("volumeClaimTemplates") or [])}
    for i, container in enumerate([*containers, *(spec.get("initContainers") or [])]):
        here = f"{path}.containers[{i}]"
        if not container.get("name"):
            _invalid(obj, f"{here}.name: Required value")
        if not container.get("image"):
            _invalid(obj, f"{here}.image: Required value")
        for mount in container.get("volumeMounts") or []:
            if mount.get("name") not in volumes:
                _invalid(obj, f"{here}.volumeMounts: Not found: {mount.get('name')!r}")
        for block in (container.get("resources") or {}).values():
            for name, value in (block or {}).items() if isinstance(block, dict) else ():
                _quantity(obj, value, f"{here}.resources[{name}]")


def _quantity(obj: Obj, value: object, path: str) -> None:
    try:
        amount(value)
    except (ValueError, KeyError):
        _invalid(obj, f"{path}: Invalid value: {value!r}: quantities must match the regular expression …")


def unchanged(old: Obj, new: Obj) -> None:
    """Raises `cluster-refused` where an immutable field changed."""
    before, after = old.get("spec") or {}, new.get("spec") or {}
    match new["kind"]:
        case "StatefulSet":
            if any(before.get(k) != after.get(k) for k in {*before, *after} - _STATEFUL):
                _invalid(
                    new,
                    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals',"
                    " 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy'"
                    " and 'minReadySeconds' are forbidden",
                )
        case "Deployment" | "ReplicaSet" | "Job":
            fields = ("selector", "template") if new["kind"] == "Job" else ("selector",)
            for field in fields:
                if before.get(field) != after.get(field):
                    _invalid(new, f"spec.{field}: Invalid value: field is immutable")
        case "PersistentVolumeClaim":
            _claim(new, before, after)
        case "Pod":
            free = {"containers", "tolerations", "ephemeralContainers", "nodeName"}
            changed = {k for k in {*before, *after} - free if before.get(k) != after.get(k)}
            names = [c["name"] for c in before.get("containers") or []]
            if changed or [c["name"] for c in after.get("containers") or []] != names:
                _invalid(
                    new,
                    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image` …",
                )
        case "Secret" | "ConfigMap":
            if old.get("immutable") and (old.get("data") != new.get("data")):
                _invalid(new, "data: Forbidden: field is immutable when `immutable` is set")
            if old.get("type") != new.get("type"):
                _invalid(new, f"type: Invalid value: {new.get('type')!r}: field is immutable")


def _claim(new: Obj, before: dict[str, Any], after: dict[str, Any]) -> None:
    for field in ("accessModes", "storageClassName", "volumeName", "volumeMode"):
        if before.get(field) is not None and before.get(field) != after.get(field):
            _invalid(
                new,
                "spec: Forbidden: spec is immutable after creation except resources.requests and"
                " volumeAttributesClassName for bound claims",
            )
    old, now = (amount(s["resources"]["requests"]["storage"]) for s in (before, after))
    if now < old:
        _invalid(new, "spec.resources.requests.storage: Forbidden: field can not be less than previous value")


def _invalid(obj: Obj, why: str) -> None:
    kind = kind_of(obj["kind"])
    full = f"{kind.name}.{kind.group}" if kind.group else kind.name
    raise refused(told(obj), f'{full} "{(obj.get("metadata") or {}).get("name", "")}" is invalid: {why}')
