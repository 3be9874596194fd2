"""Ephemeral containers: admitted like any other, run in the pod's network, and never gone from its spec."""

import time

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.problems import not_started, refused
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.rehearsal.apps.base import Cell, cell_of
from wizard.rehearsal.kube.admission import secure
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.pods import end
from wizard.rehearsal.kube.pulling import pull
from wizard.rehearsal.probe.tasks import carry_out
from wizard.rehearsal.site import NotPulled
from wizard.rehearsal.state import clone


def debug(api: Api, pod: str, namespace: str, container: Obj, *, timeout: float, stop: Stop) -> PodResult:
    """Add it, pull its image, carry out its command. Raises `cluster-refused` or `pod-did-not-start`."""
    name = container["name"]
    failed: Problem | None = None
    argv: list[str] = []
    app = ""
    with api.open() as objects:
        found = objects.get("Pod", pod, namespace)
        what = f"an ephemeral container in Pod {namespace}/{pod}"
        if found is None:
            raise refused(what, f'pods "{pod}" not found')
        if container.get("resources"):
            raise refused(
                what,
                "spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container",
            )
        others = found["spec"].get("ephemeralContainers") or []
        if any(c["name"] == name for c in [*others, *found["spec"]["containers"]]):
            raise refused(what, f'spec.ephemeralContainers[{len(others)}].name: Duplicate value: "{name}"')
        spec = found["spec"] | {"ephemeralContainers": [*others, clone(container)]}
        secure(objects, found, spec, api.site.described.kubernetes.pod_security)
        if found["status"].get("phase") != "Running":
            raise not_started(pod, namespace, "pod not running", f"the pod is {found['status'].get('phase')}")
        found["spec"]["ephemeralContainers"] = spec["ephemeralContainers"]
        objects.put(found)
        uid, node = found["metadata"]["uid"], found["spec"]["nodeName"]
        cell = Cell(
            api.site, objects, found, container, objects.inner(found)["containers"].setdefault(name, {})
        )
        try:
            image = pull(api.site, objects, found, container)
        except NotPulled as error:
            cell.record.update(phase="waiting", reason="ErrImagePull", message=str(error))
            failed = not_started(pod, namespace, "ErrImagePull", str(error))
        else:
            cell.record.update(
                phase="running", app=image.app, digest=image.digest, started=time.time(), ports=[]
            )
            argv, app = cell.argv, image.app
    if failed is not None:
        raise failed
    stop.check()
    if app == "probe":
        code = carry_out(
            api, uid, name, argv, lambda line: api.site.log(uid, name, line), lambda: not stop.asked
        )
    else:
        api.site.log(uid, name, f'exec: "{(argv or ["?"])[0]}": executable file not found in $PATH')
        code = 127
    with api.open() as objects:
        left = cell_of(api.site, objects, uid, name)
        if left is not None:
            end(left, code)
    path = api.site.log_file(uid, name)
    return PodResult(code, path.read_text(encoding="utf-8") if path.exists() else "", node)
