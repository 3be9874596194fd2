"""`exec`: commands that the simulated containers know."""

from collections.abc import Sequence

from wizard.cluster.port import PodResult
from wizard.cluster.problems import refused
from wizard.rehearsal.apps.base import Cell, cell_of
from wizard.rehearsal.apps.ollama import models
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.probe.tasks import carry_out


def run_inside(api: Api, pod: str, namespace: str, container: str, command: Sequence[str]) -> PodResult:
    """Raises `cluster-refused` where the pod or container is not there or does not run."""
    with api.open() as objects:
        cell = _running(api, objects, pod, namespace, container)
        uid, name, node = cell.pod["metadata"]["uid"], cell.spec["name"], cell.pod["spec"]["nodeName"]
        app = cell.record["app"]
        if app == "ollama" and list(command[:2]) == ["ollama", "list"]:
            rows = [f"{m['name']}\t{m['size']}" for m in models(cell)]
            return PodResult(0, "\n".join(["NAME\tSIZE", *rows]) + "\n", node)
    if app != "probe":
        # as the container runtime says it; the images of the others have no shell
        words = f'exec: "{command[0]}": executable file not found in $PATH\n'
        return PodResult(126, words, node)
    lines: list[str] = []
    code = carry_out(api, uid, name, command, lines.append, lambda: True)
    return PodResult(code, "".join(line + "\n" for line in lines), node)


def _running(api: Api, objects: Objects, pod: str, namespace: str, container: str) -> Cell:
    found = objects.get("Pod", pod, namespace)
    what = f"exec in Pod {namespace}/{pod}"
    if found is None:
        raise refused(what, f'pods "{pod}" not found')
    name = container or found["spec"]["containers"][0]["name"]
    cell = cell_of(api.site, objects, found["metadata"]["uid"], name)
    if cell is None:
        raise refused(what, f"container {name} is not valid for pod {pod}")
    if cell.record.get("phase") != "running":
        raise refused(what, f"container {name} is not running")
    return cell
