"""Binding claims: at once or for the first consumer, if the class and its provisioner are there."""

import shutil

from wizard.cluster.port import Obj
from wizard.rehearsal.kube.objects import Objects, event
from wizard.rehearsal.kube.scheduling import SELECTED
from wizard.rehearsal.quantities import size
from wizard.rehearsal.site import Site


def settle(site: Site, objects: Objects) -> None:
    """Bind what can be bound; say why where not."""
    for claim in objects.find("PersistentVolumeClaim"):
        if claim["metadata"].get("deletionTimestamp"):
            continue
        if claim["status"].get("phase") == "Bound":
            _grow(objects, claim)
        else:
            _bind(site, objects, claim)


def _bind(site: Site, objects: Objects, claim: Obj) -> None:
    name = claim["spec"].get("storageClassName") or ""
    if not name:
        event(
            objects,
            claim,
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            source="persistentvolume-controller",
        )
        return
    found = objects.get("StorageClass", name)
    if found is None:
        event(
            objects,
            claim,
            "ProvisioningFailed",
            f'storageclass.storage.k8s.io "{name}" not found',
            True,
            "persistentvolume-controller",
        )
        return
    described = next((c for c in site.described.storage_classes if c.name == name), None)
    node = (claim["metadata"].get("annotations") or {}).get(SELECTED)
    if found.get("volumeBindingMode") == "WaitForFirstConsumer" and not node:
        event(
            objects,
            claim,
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding",
            source="persistentvolume-controller",
        )
        return
    if described is not None and not described.works:
        event(
            objects, claim, "ExternalProvisioning",
            f"Waiting for a volume to be created either by the external provisioner '{found['provisioner']}' or manually"
            " by the system administrator. If volume creation is delayed, please verify that the provisioner is running"
            " and correctly registered.", source="persistentvolume-controller",
        )  # fmt: skip
        return
    if described is not None and not set(claim["spec"]["accessModes"]) <= set(described.modes):
        event(
            objects,
            claim,
            "ProvisioningFailed",
            f"failed to provision volume with StorageClass {name!r}: access mode {claim['spec']['accessModes']} is not supported",
            True,
            found["provisioner"],
        )
        return
    inner = objects.inner(claim)
    if objects.now - inner.setdefault("asked", objects.now) < site.delay("bind"):
        return
    _provision(site, objects, claim, node or "")


def _provision(site: Site, objects: Objects, claim: Obj, node: str) -> None:
    meta, asked = claim["metadata"], claim["spec"]["resources"]["requests"]["storage"]
    volume = f"pvc-{meta['uid']}"
    (site.volumes / volume).mkdir(parents=True, exist_ok=True)
    spec = {
        "capacity": {"storage": asked},
        "accessModes": claim["spec"]["accessModes"],
        "storageClassName": claim["spec"]["storageClassName"],
        "persistentVolumeReclaimPolicy": "Delete",
        "claimRef": {
            "kind": "PersistentVolumeClaim",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
        },
    }
    if node:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    objects.put(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume},
            "spec": spec,
            "status": {"phase": "Bound"},
        }
    )
    claim["spec"]["volumeName"] = volume
    claim["status"] = {
        "phase": "Bound",
        "accessModes": claim["spec"]["accessModes"],
        "capacity": {"storage": asked},
    }
    event(
        objects,
        claim,
        "ProvisioningSucceeded",
        f"Successfully provisioned volume {volume}",
        source="provisioner",
    )
    objects.put(claim)


def _grow(objects: Objects, claim: Obj) -> None:
    asked = claim["spec"]["resources"]["requests"]["storage"]
    if size(asked) > size(claim["status"]["capacity"]["storage"]):
        found = objects.get("StorageClass", claim["spec"].get("storageClassName") or "")
        if found and found.get("allowVolumeExpansion"):
            claim["status"]["capacity"]["storage"] = asked
            objects.put(claim)


def release(site: Site, objects: Objects, claim: Obj) -> None:
    """A claim went: so do its volume and what was on it (reclaim policy Delete)."""
    volume = claim["spec"].get("volumeName")
    found = objects.get("PersistentVolume", volume) if volume else None
    if found:
        objects.drop(found)
        shutil.rmtree(site.volumes / volume, ignore_errors=True)


def room(site: Site, claim: Obj) -> int:
    """Bytes that the claim's volume really holds."""
    asked = size(claim["spec"]["resources"]["requests"]["storage"])
    name = claim["spec"].get("storageClassName")
    described = next((c for c in site.described.storage_classes if c.name == name), None)
    return min(asked, size(described.holds) // site.divide) if described and described.holds else asked
