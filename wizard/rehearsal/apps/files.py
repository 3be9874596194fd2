"""A container's files as far as its volumes make them: Secrets and ConfigMaps by content, claims as real folders."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.storage import room
from wizard.rehearsal.quantities import size
from wizard.rehearsal.site import Site


class Missing(Exception):
    """A Secret, ConfigMap or key that a container needs is not there; the message is the kubelet's."""


@dataclass(frozen=True, slots=True)
class Files:
    """`/proc/1/root` leads to the files of the pod's first container, as it does for a debug container that shares
    its processes."""

    site: Site
    objects: Objects
    pod: Obj
    spec: Obj

    def read(self, path: str) -> bytes | None:
        """A file of a Secret, ConfigMap, claim or emptyDir; None where there is none."""
        spec, bare = self._owner(path)
        volume, rest = _mount(self.pod, spec, bare)
        if volume is None:
            return None
        if "secret" in volume or "configMap" in volume or "projected" in volume:
            return contents(self.objects, self.pod, volume).get(rest)
        folder, _ = self._folder(volume)
        if folder is None:
            return None
        target = folder / rest
        return target.read_bytes() if target.is_file() else None

    def folder(self, path: str) -> tuple[Path | None, int]:
        """The real folder behind a path on a claim or an emptyDir, and the bytes that its volume holds."""
        spec, bare = self._owner(path)
        volume, rest = _mount(self.pod, spec, bare)
        if volume is None:
            return None, 0
        folder, holds = self._folder(volume)
        return (folder / rest if folder else None), holds

    def writable(self, path: str) -> bool:
        """Whether a container may write there: on a volume not mounted read-only."""
        spec, bare = self._owner(path)
        for mount in spec.get("volumeMounts") or []:
            if _under(bare, mount["mountPath"]) is not None:
                return not mount.get("readOnly")
        return not (spec.get("securityContext") or {}).get("readOnlyRootFilesystem")

    def _owner(self, path: str) -> tuple[Obj, str]:
        if path.startswith("/proc/1/root/"):
            target = self.spec.get("targetContainerName")
            every = self.pod["spec"]["containers"]
            return next((c for c in every if c["name"] == target), every[0]), path.removeprefix(
                "/proc/1/root"
            )
        return self.spec, path

    def _folder(self, volume: dict[str, Any]) -> tuple[Path | None, int]:
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            claim = self.objects.get("PersistentVolumeClaim", name, self.pod["metadata"]["namespace"])
            if claim is None or not claim["spec"].get("volumeName"):
                return None, 0
            return self.site.volumes / claim["spec"]["volumeName"], room(self.site, claim)
        if "emptyDir" in volume:
            path = self.site.state.path / "scratch" / self.pod["metadata"]["uid"] / volume["name"]
            path.mkdir(parents=True, exist_ok=True)
            return path, size((volume["emptyDir"] or {}).get("sizeLimit") or "1Gi")
        return None, 0


def _mount(pod: Obj, spec: Obj, path: str) -> tuple[dict[str, Any] | None, str]:
    volumes = {v["name"]: v for v in pod["spec"].get("volumes") or []}
    best: tuple[str, dict[str, Any]] | None = None
    for mount in spec.get("volumeMounts") or []:
        rest = _under(path, mount["mountPath"])
        if rest is not None and (best is None or len(rest) < len(best[0])):
            sub = mount.get("subPath")
            best = (f"{sub}/{rest}".rstrip("/") if sub else rest, volumes.get(mount["name"], {}))
    return (best[1], best[0]) if best else (None, "")


def _under(path: str, mount: str) -> str | None:
    base = mount.rstrip("/")
    if path.rstrip("/") == base:
        return ""
    return path[len(base) + 1 :] if path.startswith(base + "/") else None


def contents(objects: Objects, pod: Obj, volume: dict[str, Any]) -> dict[str, bytes]:
    """The files of a Secret, ConfigMap or projected volume. Raises Missing."""
    if "projected" in volume:
        found: dict[str, bytes] = {}
        for source in volume["projected"].get("sources") or []:
            inner = dict(source)
            if "secret" in inner:
                inner["secret"] = {**inner["secret"], "secretName": inner["secret"]["name"]}
            found |= contents(objects, pod, inner)
        return found
    kind = "Secret" if "secret" in volume else "ConfigMap" if "configMap" in volume else ""
    if not kind:
        return {}
    block = volume["secret"] if kind == "Secret" else volume["configMap"]
    name = block.get("secretName") if kind == "Secret" else block.get("name")
    obj = objects.get(kind, name, pod["metadata"]["namespace"])
    if obj is None:
        if block.get("optional"):
            return {}
        raise Missing(f'{kind.lower()} "{name}" not found')
    data = data_of(obj)
    items = block.get("items")
    if not items:
        return data
    missing = [i["key"] for i in items if i["key"] not in data]
    if missing and not block.get("optional"):
        raise Missing(f"references non-existent {kind.lower()} key: {missing[0]}")
    return {i["path"]: data[i["key"]] for i in items if i["key"] in data}


def data_of(obj: Obj) -> dict[str, bytes]:
    """The content of a Secret or ConfigMap."""
    data = obj.get("data") or {}
    if obj["kind"] == "Secret":
        return {k: base64.b64decode(v) for k, v in data.items()}
    return {k: str(v).encode() for k, v in data.items()}


def environment(objects: Objects, pod: Obj, spec: Obj) -> dict[str, str]:
    """A container's environment. Raises Missing."""
    found: dict[str, str] = {}
    for entry in spec.get("env") or []:
        source = entry.get("valueFrom") or {}
        if "value" in entry or not source:
            found[entry["name"]] = str(entry.get("value", ""))
        elif "secretKeyRef" in source or "configMapKeyRef" in source:
            kind = "Secret" if "secretKeyRef" in source else "ConfigMap"
            ref = source.get("secretKeyRef") or source["configMapKeyRef"]
            obj = objects.get(kind, ref["name"], pod["metadata"]["namespace"])
            value = data_of(obj).get(ref["key"]) if obj else None
            if value is not None:
                found[entry["name"]] = value.decode(errors="replace")
            elif not ref.get("optional"):
                what = (
                    f'{kind.lower()} "{ref["name"]}" not found'
                    if obj is None
                    else f"couldn't find key {ref['key']}"
                )
                raise Missing(what)
        elif "fieldRef" in source:
            found[entry["name"]] = _field(pod, source["fieldRef"]["fieldPath"])
    return found


def _field(pod: Obj, path: str) -> str:
    known: dict[str, str] = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "status.podIP": (pod.get("status") or {}).get("podIP", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
    }
    return known.get(path, "")
