"""The controllers of Deployments, StatefulSets, DaemonSets and Jobs: what turns a template into pods."""

import hashlib
import json
from typing import Any

from wizard.cluster.port import Obj
from wizard.engine.problems import Problem
from wizard.rehearsal.kube.admission import admit
from wizard.rehearsal.kube.objects import Objects, event, reference, stamp
from wizard.rehearsal.site import Site
from wizard.rehearsal.state import clone

_HASH = "pod-template-hash"
_REVISION = "controller-revision-hash"


def settle(site: Site, objects: Objects) -> None:
    """One round of all controllers."""
    for deployment in objects.find("Deployment"):
        _deployment(site, objects, deployment)
    for stateful in objects.find("StatefulSet"):
        _stateful(site, objects, stateful)
    for daemon in objects.find("DaemonSet"):
        _daemon(site, objects, daemon)
    for job in objects.find("Job"):
        _job(site, objects, job)


def ready(pod: Obj) -> bool:
    """Whether a pod's Ready condition is true."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def _make(
    site: Site, objects: Objects, owner: Obj, name: str, labels: dict[str, str], **more: Any
) -> Obj | None:
    """A pod of a workload's template; None, and an event on the owner, where it is refused."""
    template = owner["spec"]["template"]
    meta = clone(template.get("metadata") or {})
    meta |= {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(meta.get("labels") or {}), **labels},
        "ownerReferences": [reference(owner)],
    }
    pod: Obj = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": clone(template["spec"]) | more}
    try:
        admit(objects, pod, site.described)
    except Problem as problem:
        event(objects, owner, "FailedCreate", f"Error creating: {problem.detail}", True, "controller")
        objects.inner(owner)["refused"] = problem.detail
        return None
    objects.inner(owner).pop("refused", None)
    return objects.put(pod)


def _deployment(site: Site, objects: Objects, deployment: Obj) -> None:
    meta, spec = deployment["metadata"], deployment["spec"]
    mark = _fingerprint(spec["template"])
    current = None
    for rs in objects.owned(deployment, "ReplicaSet"):
        if rs["metadata"]["labels"].get(_HASH) == mark:
            current = rs
    if current is None:
        template = clone(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[_HASH] = mark
        current = objects.put(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{meta['name']}-{mark}",
                    "namespace": meta["namespace"],
                    "labels": template["metadata"]["labels"],
                    "ownerReferences": [reference(deployment)],
                },
                "spec": {"replicas": spec["replicas"], "selector": spec["selector"], "template": template},
            }
        )
        event(
            objects,
            deployment,
            "ScalingReplicaSet",
            f"Scaled up replica set {current['metadata']['name']} to {spec['replicas']}",
            source="deployment-controller",
        )
    wanted = spec["replicas"]
    pods = _scale(site, objects, current, wanted, {_HASH: mark})
    good = [p for p in pods if ready(p)]
    for rs in objects.owned(deployment, "ReplicaSet"):
        # an old replica goes when its successor is ready, as with the default rolling update of one replica
        if rs is not current and len(good) >= wanted:
            for pod in objects.owned(rs, "Pod"):
                objects.drop(pod)
    why = objects.inner(current).get("refused", "")
    old = sum(
        len(objects.owned(rs, "Pod")) for rs in objects.owned(deployment, "ReplicaSet") if rs is not current
    )
    _status(objects, deployment, pods, good, why, old)


def _scale(site: Site, objects: Objects, rs: Obj, wanted: int, labels: dict[str, str]) -> list[Obj]:
    pods = [
        p
        for p in objects.owned(rs, "Pod")
        if (p.get("status") or {}).get("phase") not in ("Failed", "Succeeded")
    ]
    while len(pods) < wanted:
        serial = objects.inner(rs).get("pods", 0) + 1
        objects.inner(rs)["pods"] = serial
        suffix = hashlib.sha256(f"{rs['metadata']['uid']}{serial}".encode()).hexdigest()[:5]
        pod = _make(site, objects, rs, f"{rs['metadata']['name']}-{suffix}", labels)
        if pod is None:
            break
        event(
            objects,
            rs,
            "SuccessfulCreate",
            f"Created pod: {pod['metadata']['name']}",
            source="replicaset-controller",
        )
        pods.append(pod)
    for pod in pods[wanted:]:
        objects.drop(pod)
    return pods[:wanted]


def _status(objects: Objects, owner: Obj, pods: list[Obj], good: list[Obj], why: str, old: int = 0) -> None:
    wanted = owner["spec"].get("replicas", len(pods))
    available = len(good) >= wanted
    conditions = [
        {
            "type": "Available",
            "status": str(available),
            "reason": "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable",
        }
    ]
    if why:
        conditions.append(
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": why}
        )
    status = {
        "observedGeneration": owner["metadata"].get("generation", 1),
        "replicas": len(pods) + old,
        "updatedReplicas": len(pods),
        "readyReplicas": len(good),
        "availableReplicas": len(good),
        "unavailableReplicas": max(0, wanted - len(good)),
        "conditions": conditions,
    }
    if owner.get("status") != status:
        owner["status"] = status
        objects.put(owner)


def _stateful(site: Site, objects: Objects, stateful: Obj) -> None:
    meta, spec = stateful["metadata"], stateful["spec"]
    mark = f"{meta['name']}-{_fingerprint(spec['template'])}"
    pods: list[Obj] = []
    for number in range(spec["replicas"]):
        name = f"{meta['name']}-{number}"
        pod = objects.get("Pod", name, meta["namespace"])
        if pod and not pod["metadata"].get("ownerReferences"):
            pod["metadata"]["ownerReferences"] = [reference(stateful)]  # an orphan is adopted
        if pod and pod["metadata"]["labels"].get(_REVISION) != mark:
            objects.drop(pod)
            pod = None
        if pod is None:
            pod = _ordinal(site, objects, stateful, name, number, mark)
        if pod is None:
            break
        pods.append(pod)
        if not ready(pod):
            break  # OrderedReady: the next one waits for this one
    for pod in objects.owned(stateful, "Pod"):
        tail = pod["metadata"]["name"].rpartition("-")[2]
        if tail.isdigit() and int(tail) >= spec["replicas"]:
            objects.drop(pod)
    _status(
        objects, stateful, pods, [p for p in pods if ready(p)], objects.inner(stateful).get("refused", "")
    )


def _ordinal(site: Site, objects: Objects, stateful: Obj, name: str, number: int, mark: str) -> Obj | None:
    meta, spec = stateful["metadata"], stateful["spec"]
    volumes = clone(spec["template"]["spec"].get("volumes") or [])
    for template in spec.get("volumeClaimTemplates") or []:
        claim_name = f"{template['metadata']['name']}-{name}"
        if objects.get("PersistentVolumeClaim", claim_name, meta["namespace"]) is None:
            claim = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": claim_name,
                    "namespace": meta["namespace"],
                    "labels": {
                        **spec["selector"].get("matchLabels", {}),
                        **(template["metadata"].get("labels") or {}),
                    },
                },
                "spec": clone(template["spec"]),
            }
            try:
                admit(objects, claim, site.described)
            except Problem as problem:
                event(
                    objects,
                    stateful,
                    "FailedCreate",
                    f"create Claim {claim_name} for Pod {name} in StatefulSet {meta['name']} failed error: {problem.detail}",
                    True,
                    "statefulset-controller",
                )
                return None
            objects.put(claim)
        volumes.append(
            {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name}}
        )
    labels = {
        _REVISION: mark,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(number),
    }
    return _make(
        site,
        objects,
        stateful,
        name,
        labels,
        volumes=volumes,
        hostname=name,
        subdomain=spec.get("serviceName", ""),
    )


def _daemon(site: Site, objects: Objects, daemon: Obj) -> None:
    pods = objects.owned(daemon, "Pod")
    have = {p["spec"].get("nodeName") for p in pods}
    for node in objects.find("Node"):
        name = node["metadata"]["name"]
        if name not in have:
            pod = _make(
                site,
                objects,
                daemon,
                f"{daemon['metadata']['name']}-{_fingerprint(name)[:5]}",
                {},
                nodeName=name,
            )
            pods += [pod] if pod else []
    status = {
        "desiredNumberScheduled": len(objects.find("Node")),
        "currentNumberScheduled": len(pods),
        "numberReady": len([p for p in pods if ready(p)]),
    }
    if daemon.get("status") != status:
        daemon["status"] = status
        objects.put(daemon)


def _job(site: Site, objects: Objects, job: Obj) -> None:
    meta, spec, inner = job["metadata"], job["spec"], objects.inner(job)
    if any(c["type"] in ("Complete", "Failed") for c in (job.get("status") or {}).get("conditions") or []):
        return
    pods = objects.owned(job, "Pod")
    phases = [(p.get("status") or {}).get("phase") for p in pods]
    failed, done = phases.count("Failed"), phases.count("Succeeded")
    status: Obj = {
        "active": len(pods) - failed - done,
        "succeeded": done,
        "failed": failed,
        "startTime": inner.setdefault("start", stamp(objects.now)),
    }
    if done >= spec.get("completions", 1):
        status |= {
            "completionTime": stamp(objects.now),
            "conditions": [{"type": "Complete", "status": "True"}],
        }
    elif failed > spec.get("backoffLimit", 6):
        status["conditions"] = [
            {
                "type": "Failed",
                "status": "True",
                "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit",
            }
        ]
        event(
            objects,
            job,
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
            True,
            "job-controller",
        )
    elif not status["active"] and not spec.get("suspend"):
        serial = inner.get("pods", 0) + 1
        inner["pods"] = serial
        suffix = _fingerprint([meta["uid"], serial])[:5]
        labels = {"job-name": meta["name"], "batch.kubernetes.io/job-name": meta["name"]}
        pod = _make(site, objects, job, f"{meta['name']}-{suffix}", labels)
        if pod:
            event(
                objects,
                job,
                "SuccessfulCreate",
                f"Created pod: {pod['metadata']['name']}",
                source="job-controller",
            )
            status["active"] = 1
    if job.get("status") != status:
        job["status"] = status
        objects.put(job)
