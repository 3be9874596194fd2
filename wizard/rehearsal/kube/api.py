"""The API server: applying, deleting, and letting the controllers react until nothing moves."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from wizard.cluster.port import Obj
from wizard.cluster.problems import refused
from wizard.rehearsal.kube import pods, quota, storage, workloads
from wizard.rehearsal.kube.admission import admit, complete, secure
from wizard.rehearsal.kube.furniture import furnish
from wizard.rehearsal.kube.heartbeat import beat
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.kube.merge import apply as merged
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.validate import told, unchanged, valid
from wizard.rehearsal.site import Site
from wizard.rehearsal.state import clone

_ROUNDS = 40
_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


class Api:
    """Everything happens inside `with api.open() as objects:`, which holds the state and lets the world move on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    @contextmanager
    def open(self) -> Iterator[Objects]:
        """The objects, moved on before and after."""
        with self.site.state.hold() as data:
            objects = Objects(data, self.site.described.kubernetes.clock)
            furnish(self.site.described, objects)
            beat(self.site.described, objects)
            self.settle(objects)
            yield objects
            self.settle(objects)

    def settle(self, objects: Objects) -> None:
        """Let the controllers act until a round changes nothing."""
        for _ in range(_ROUNDS):
            before = objects.serial
            self._round(objects)
            if objects.serial == before:
                break

    def _round(self, objects: Objects) -> None:
        for space in objects.find("Namespace"):
            name = space["metadata"]["name"]
            if objects.get("ServiceAccount", "default", name) is None:
                account = {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": "default", "namespace": name},
                }
                objects.put(account)
        for pruned in self.site.described.prunes:
            for obj in objects.find(pruned.kind):
                if obj["metadata"]["name"] == pruned.name:
                    self.remove(objects, obj)
        replace = objects.section("marks").pop("replace", None)
        for pod in objects.find("Pod") if replace else []:
            if pod["metadata"]["uid"] == replace:
                self.remove(objects, pod)
        workloads.settle(self.site, objects)
        storage.settle(self.site, objects)
        pods.settle(self.site, objects)
        quota.settle(objects)

    def apply(self, objects: Objects, obj: Obj, manager: str, *, dry: bool = False) -> Obj:
        """Create or update. Raises `cluster-refused`."""
        new = clone(obj)
        for field in _SERVER:
            new.get("metadata", {}).pop(field, None)
        new.pop("status", None)
        kind = kind_of(str(new.get("kind", "")))
        meta = new.setdefault("metadata", {})
        if kind.namespaced:
            meta.setdefault("namespace", "default")
        known = objects.get(kind.name, str(meta.get("name", "")), meta.get("namespace"))
        result: Obj
        if known is None:
            admit(objects, new, self.site.described)
            result = new
        else:
            result = self._changed(objects, known, new, manager)
        if dry:
            result["metadata"].setdefault("uid", str(uuid.uuid4()))
            result["metadata"].setdefault("creationTimestamp", objects.stamp())
            return result
        if known is None or result != known:
            spec_changed = known is not None and known.get("spec") != result.get("spec")
            result["metadata"]["generation"] = (known or {}).get("metadata", {}).get("generation", 0) + (
                1 if known is None or spec_changed else 0
            )
            objects.put(result)
        objects.inner(result).setdefault("applied", {})[manager] = clone(obj)
        return result

    def _changed(self, objects: Objects, known: Obj, new: Obj, manager: str) -> Obj:
        valid(new)
        complete(objects, new) if new["kind"] in ("Secret", "Namespace") else None
        last = objects.inner(known).get("applied", {}).get(manager, {})
        result: Obj = merged(known, last, new)
        result["metadata"] |= {
            k: known["metadata"][k]
            for k in ("uid", "creationTimestamp", "resourceVersion")
            if k in known["metadata"]
        }
        if "status" in known:
            result["status"] = known["status"]
        unchanged(known, result)
        if result["kind"] == "Pod":
            secure(objects, result, result["spec"], self.site.described.kubernetes.pod_security)
        if result["kind"] == "PersistentVolumeClaim":
            self._grows(objects, known, result)
        return result

    def _grows(self, objects: Objects, known: Obj, new: Obj) -> None:
        if known["spec"]["resources"] != new["spec"]["resources"]:
            found = objects.get("StorageClass", known["spec"].get("storageClassName") or "")
            if not found or not found.get("allowVolumeExpansion"):
                name = new["metadata"]["name"]
                why = f'persistentvolumeclaims "{name}" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
                raise refused(told(new), why)

    def remove(self, objects: Objects, obj: Obj, *, orphan: bool = False) -> None:
        """Delete an object and, unless `orphan`, what it owns; a namespace takes everything in it along."""
        objects.drop(obj)
        match obj["kind"]:
            case "PersistentVolumeClaim":
                storage.release(self.site, objects, obj)
            case "Pod":
                shutil.rmtree(self.site.state.path / "scratch" / obj["metadata"]["uid"], ignore_errors=True)
                shutil.rmtree(self.site.log_file(obj["metadata"]["uid"], "x").parent, ignore_errors=True)
            case "Namespace":
                for inside in objects.all():
                    if inside["metadata"].get("namespace") == obj["metadata"]["name"]:
                        self.remove(objects, inside, orphan=True)
                return
        uid = obj["metadata"]["uid"]
        for other in objects.all():
            owners = other["metadata"].get("ownerReferences") or []
            if not any(r.get("uid") == uid for r in owners):
                continue
            if orphan:
                other["metadata"]["ownerReferences"] = [r for r in owners if r.get("uid") != uid]
                objects.put(other)
            else:
                self.remove(objects, other)
