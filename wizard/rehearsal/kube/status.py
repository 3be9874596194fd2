"""A pod's status as the API shows it, told from what the simulation remembers of its containers."""

from typing import Any

from wizard.cluster.port import Obj
from wizard.rehearsal.apps.base import Cell
from wizard.rehearsal.apps.registry import app
from wizard.rehearsal.kube.objects import Objects, stamp
from wizard.rehearsal.kube.pulling import repository_of
from wizard.rehearsal.site import Site


def write(site: Site, objects: Objects, pod: Obj) -> None:
    """Bring `status` up to date; an unchanged one is left alone."""
    inner, spec = objects.inner(pod), pod["spec"]
    records: dict[str, Any] = inner.get("containers") or {}
    every = [Cell(site, objects, pod, c, records.get(c["name"], {})) for c in spec.get("containers") or []]
    inits = [
        Cell(site, objects, pod, c, records.get(c["name"], {})) for c in spec.get("initContainers") or []
    ]
    passing = [
        Cell(site, objects, pod, c, records.get(c["name"], {})) for c in spec.get("ephemeralContainers") or []
    ]
    good = [is_ready(c) for c in every]
    ready = bool(good) and all(good)
    node = objects.get("Node", spec.get("nodeName") or "")
    status: dict[str, Any] = {
        "phase": _phase(pod, every, inits),
        "conditions": _conditions(objects, pod, ready),
        "qosClass": "Burstable",
        "startTime": stamp(inner["made"]),
    }
    if node:
        status["hostIP"] = node["status"]["addresses"][0]["address"]
        status["containerStatuses"] = [_container(c, is_ready(c)) for c in every]
    if inits and node:
        status["initContainerStatuses"] = [_container(c, c.record.get("exit") == 0) for c in inits]
    if passing:
        status["ephemeralContainerStatuses"] = [_container(c, False) for c in passing]
    address = (pod.get("status") or {}).get("podIP")
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if pod.get("status") != status:
        pod["status"] = status
        objects.put(pod)


def is_ready(cell: Cell) -> bool:
    """Whether a container runs and its readiness probe would succeed by now."""
    record = cell.record
    if record.get("phase") != "running" or not record.get("app"):
        return False
    if cell.objects.now - record["started"] < cell.site.delay("ready"):
        return False
    return app(record["app"]).ready(cell)


def _phase(pod: Obj, every: list[Cell], inits: list[Cell]) -> str:
    phases = [c.record.get("phase", "waiting") for c in every]
    if phases and all(p == "terminated" for p in phases) and pod["spec"].get("restartPolicy") != "Always":
        failed = any(c.record.get("exit") for c in every)
        return (
            "Pending"
            if failed and pod["spec"].get("restartPolicy") == "OnFailure"
            else "Failed"
            if failed
            else "Succeeded"
        )
    if any(c.record.get("exit") for c in inits) and pod["spec"].get("restartPolicy") == "Never":
        return "Failed"
    begun = any(
        p in ("running", "terminated") or c.record.get("restarts") for p, c in zip(phases, every, strict=True)
    )
    return "Running" if begun else "Pending"


def _conditions(objects: Objects, pod: Obj, ready: bool) -> list[Obj]:
    inner = objects.inner(pod)
    scheduled: Obj = {"type": "PodScheduled", "status": "True" if pod["spec"].get("nodeName") else "False"}
    if inner.get("unschedulable"):
        scheduled |= {"reason": "Unschedulable", "message": inner["unschedulable"]}
    plain = "True" if ready else "False"
    rest: Obj = {} if ready else {"reason": "ContainersNotReady"}
    return [
        scheduled,
        {"type": "ContainersReady", "status": plain, **rest},
        {"type": "Ready", "status": plain, **rest},
    ]


def _container(cell: Cell, ready: bool) -> Obj:
    record, spec = cell.record, cell.spec
    found: Obj = {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": f"{repository_of(spec['image'])}@{record['digest']}" if record.get("digest") else "",
        "ready": ready,
        "started": record.get("phase") == "running",
        "restartCount": record.get("restarts", 0),
        "state": _state(record),
        "lastState": {"terminated": _ended(record["last"])} if record.get("last") else {},
    }
    return found


def _state(record: dict[str, Any]) -> Obj:
    match record.get("phase"):
        case "running":
            return {"running": {"startedAt": stamp(record["started"])}}
        case "terminated":
            return {"terminated": _ended(record)}
    waiting = {"reason": record.get("reason") or "ContainerCreating"}
    if record.get("message"):
        waiting["message"] = record["message"]
    return {"waiting": waiting}


def _ended(record: dict[str, Any]) -> Obj:
    return {
        "exitCode": record.get("exit") or 0,
        "reason": record.get("why") or "Completed",
        "startedAt": stamp(record.get("started") or 0.0),
        "finishedAt": stamp(record.get("ended") or 0.0),
    }
