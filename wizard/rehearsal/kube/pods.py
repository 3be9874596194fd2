"""The kubelet's part: a pod from Pending to Running to its end, one small move at a time."""

from typing import Any

from wizard.cluster.port import Obj
from wizard.rehearsal.apps.base import Cell
from wizard.rehearsal.apps.files import Missing, contents, environment
from wizard.rehearsal.apps.registry import app
from wizard.rehearsal.kube import status
from wizard.rehearsal.kube.objects import Objects, event
from wizard.rehearsal.kube.pulling import pull
from wizard.rehearsal.kube.scheduling import SELECTED, claims, place
from wizard.rehearsal.site import NotPulled, Site


def settle(site: Site, objects: Objects) -> None:
    """Move every pod on."""
    for pod in objects.find("Pod"):
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        if not pod["spec"].get("nodeName") and not _schedule(site, objects, pod):
            status.write(site, objects, pod)
            continue
        node = next((n for n in site.described.nodes if n.name == pod["spec"]["nodeName"]), None)
        if node is not None and not node.ready:
            continue  # its kubelet is away: nothing is heard of the pod
        if _volumes(objects, pod):
            _run(site, objects, pod)
        status.write(site, objects, pod)


def _schedule(site: Site, objects: Objects, pod: Obj) -> bool:
    inner = objects.inner(pod)
    if objects.now - inner["made"] < site.delay("schedule"):
        return False
    node, why = place(objects, pod)
    if not node:
        inner["unschedulable"] = why
        event(objects, pod, "FailedScheduling", why, True, "default-scheduler")
        return False
    inner.pop("unschedulable", None)
    inner["scheduled"] = objects.now
    pod["spec"]["nodeName"] = node
    event(
        objects,
        pod,
        "Scheduled",
        f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {node}",
        source="default-scheduler",
    )
    objects.put(pod)
    _select(objects, pod)
    return True


def _select(objects: Objects, pod: Obj) -> None:
    for _, claim in claims(objects, pod):
        if claim is not None and claim["status"]["phase"] != "Bound":
            claim["metadata"].setdefault("annotations", {}).setdefault(SELECTED, pod["spec"]["nodeName"])
            objects.put(claim)


def _volumes(objects: Objects, pod: Obj) -> bool:
    """Whether everything that the pod mounts is there; an event where not."""
    _select(objects, pod)
    for name, claim in claims(objects, pod):
        if claim is None or claim["status"]["phase"] != "Bound":
            words = (
                f'persistentvolumeclaim "{name}" not found'
                if claim is None
                else f'persistentvolumeclaim "{name}" is not bound'
            )
            objects.inner(pod)["mount"] = words
            return False
    for volume in pod["spec"].get("volumes") or []:
        try:
            contents(objects, pod, volume)
        except Missing as error:
            words = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
            event(objects, pod, "FailedMount", words, True, "kubelet")
            objects.inner(pod)["mount"] = words
            return False
    objects.inner(pod).pop("mount", None)
    return True


def _run(site: Site, objects: Objects, pod: Obj) -> None:
    records: dict[str, Any] = objects.inner(pod).setdefault("containers", {})
    for spec in pod["spec"].get("initContainers") or []:
        cell = Cell(site, objects, pod, spec, records.setdefault(spec["name"], {}))
        _advance(cell, init=True)
        if cell.record.get("phase") != "terminated" or cell.record.get("exit") != 0:
            return
    for spec in pod["spec"].get("containers") or []:
        _advance(Cell(site, objects, pod, spec, records.setdefault(spec["name"], {})))


def _advance(cell: Cell, init: bool = False) -> None:
    record, now = cell.record, cell.objects.now
    if record.get("phase") == "terminated":
        if _again(cell):
            record["phase"] = "waiting"
        else:
            return
    if record.get("phase") == "running":
        if record.get("until") and now >= record["until"]:
            end(cell, 0)
        return
    if now < record.get("next", 0.0):
        return
    if not record.get("app") and not _fetch(cell):
        return
    if not _configured(cell):
        return
    if now < record.get("pulled", 0.0) + cell.site.delay("start"):
        record.update(phase="waiting", reason="ContainerCreating" if not init else "PodInitializing")
        return
    _start(cell, init)


def _again(cell: Cell) -> bool:
    """Whether a container that ended is to be started again."""
    policy = cell.pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" or (policy == "OnFailure" and cell.record.get("exit") == 0):
        return False
    if (
        policy == "Always"
        and cell.spec in (cell.pod["spec"].get("initContainers") or [])
        and cell.record.get("exit") == 0
    ):
        return False
    record = cell.record
    record["restarts"] = record.get("restarts", 0) + 1
    record["last"] = {k: record.get(k) for k in ("exit", "started", "ended", "why")}
    record["next"] = cell.objects.now + max(0.05, cell.site.delay("crash"))
    record["reason"], record["message"] = (
        "CrashLoopBackOff",
        f"back-off 10s restarting failed container={cell.spec['name']} pod={cell.pod['metadata']['name']}",
    )
    event(
        cell.objects,
        cell.pod,
        "BackOff",
        f"Back-off restarting failed container {cell.spec['name']} in pod {cell.pod['metadata']['name']}",
        True,
        "kubelet",
    )
    return True


def _fetch(cell: Cell) -> bool:
    site, objects, pod, record = cell.site, cell.objects, cell.pod, cell.record
    begun = objects.inner(pod).setdefault("begun", objects.now)
    if objects.now - begun < site.delay("pull") and "tries" not in record:
        record.update(phase="waiting", reason="ContainerCreating", message="")
        return False
    image = cell.spec["image"]
    try:
        found = pull(site, objects, pod, cell.spec)
    except NotPulled as error:
        tries = record["tries"] = record.get("tries", 0) + 1
        words = str(error)
        first = tries == 1
        message = words if first else f'Back-off pulling image "{image}": ErrImagePull: {words}'
        record.update(
            phase="waiting", reason="ErrImagePull" if first else "ImagePullBackOff", message=message
        )
        record["next"] = objects.now + max(0.05, site.delay("retry"))
        event(objects, pod, "Failed", f'Failed to pull image "{image}": {words}', True, "kubelet")
        event(
            objects,
            pod,
            "Failed",
            "Error: ErrImagePull" if first else "Error: ImagePullBackOff",
            True,
            "kubelet",
        )
        return False
    record.update(app=found.app, digest=found.digest, user=found.user, pulled=objects.now)
    event(objects, pod, "Pulled", f'Successfully pulled image "{image}"', source="kubelet")
    return True


def _configured(cell: Cell) -> bool:
    """Whether the runtime would create the container at all."""
    try:
        environment(cell.objects, cell.pod, cell.spec)
        why = _user(cell)
    except Missing as error:
        why = str(error)
    if not why:
        return True
    cell.record.update(phase="waiting", reason="CreateContainerConfigError", message=why)
    cell.record["next"] = cell.objects.now + max(0.05, cell.site.delay("retry"))
    event(cell.objects, cell.pod, "Failed", f"Error: {why}", True, "kubelet")
    return False


def _user(cell: Cell) -> str:
    pod = cell.pod["spec"].get("securityContext") or {}
    own = cell.spec.get("securityContext") or {}
    if not own.get("runAsNonRoot", pod.get("runAsNonRoot")) or own.get("runAsUser", pod.get("runAsUser")):
        return ""
    user = cell.record.get("user") or "0"
    if user == "0":
        return "container has runAsNonRoot and image will run as root"
    if not user.partition(":")[0].isdigit():
        return f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root"
    return ""


def _start(cell: Cell, init: bool) -> None:
    record, now, pod = cell.record, cell.objects.now, cell.pod
    inner = cell.objects.inner(pod)
    if "started" not in inner:
        inner["started"] = now
        if not pod["status"].get("podIP"):
            pod["status"]["podIP"] = _address(cell.objects, pod)
    if record.get("restarts"):
        _rotate(cell)
    record.update(phase="running", started=now, reason="", message="", until=0.0, ports=[])
    event(cell.objects, pod, "Started", f"Container {cell.spec['name']} started", source="kubelet")
    found = app(record["app"]).start(cell)
    cell.log(*found.log)
    record["ports"] = list(found.ports)
    record["task"] = found.task
    if found.crash:
        cell.log(found.crash)
        end(cell, found.exit_code)
    elif found.lasts:
        record["until"] = now + found.lasts
    elif init and not found.task:
        end(cell, 0)


def _rotate(cell: Cell) -> None:
    """Keep the log of the last life as the previous one."""
    path = cell.site.log_file(cell.pod["metadata"]["uid"], cell.spec["name"])
    if path.exists():
        path.replace(path.with_suffix(".previous.log"))


def _address(objects: Objects, pod: Obj) -> str:
    if pod["spec"].get("hostNetwork"):
        node = objects.get("Node", pod["spec"]["nodeName"])
        return str(node["status"]["addresses"][0]["address"]) if node else "10.20.0.2"
    number = objects.section("addresses").get("pod", 1) + 1
    objects.section("addresses")["pod"] = number
    return f"10.244.{number // 250}.{number % 250 + 2}"


def end(cell: Cell, code: int) -> None:
    """A container came to its end."""
    why = "Completed" if code == 0 else "OOMKilled" if code == 137 else "Error"
    cell.record.update(phase="terminated", exit=code, ended=cell.objects.now, why=why, ports=[], task=False)
