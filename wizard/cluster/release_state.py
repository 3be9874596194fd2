"""Whether a release is what the answers want, asked of Helm and of the cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.chart.model import Chart
from wizard.cluster.objects.names import Names
from wizard.cluster.port import Helm, Obj, Reader, Release
from wizard.cluster.values.rendered import objects
from wizard.cluster.values.supplied import same, supplied
from wizard.cluster.values.text import sets
from wizard.cluster.waiting.pods import of_release, ready


def deployed(
    helm: Helm, cluster: Reader, chart: Chart, answers: Answers, files: Sequence[Path]
) -> Release | None:
    """The release where it is deployed with this chart and these values, its objects are there with the images they
    were rendered with, and its pods are Ready; None where anything of that is not so.
    """
    names = Names.of(answers.cluster)
    release = helm.release(names.release, names.namespace)
    if release is None or release.status != "deployed" or release.chart != f"{chart.name}-{chart.version}":
        return None
    if not all(file.is_file() for file in files):
        return None
    if not same(supplied(files, sets(answers)), helm.values(names.release, names.namespace)):
        return None
    manifests = helm.template(
        str(chart.path), names.release, names.namespace, [str(file) for file in files], sets(answers)
    )
    for wanted in objects(manifests):
        meta: Any = wanted.get("metadata", {})
        found = cluster.get(
            str(wanted.get("kind")), str(meta.get("name")), str(meta.get("namespace") or names.namespace)
        )
        if found is None or _images(found) != _images(wanted):
            return None
        if _replicas(wanted) > int(found.get("status", {}).get("readyReplicas") or 0):
            return None
    # one on its way out has been replaced: the controllers' counts above are of those that stay
    pods = [p for p in of_release(cluster, names) if not p["metadata"].get("deletionTimestamp")]
    return release if pods and all(ready(pod) for pod in pods) else None


def _images(obj: Obj) -> list[str]:
    spec: Any = obj.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {} if isinstance(spec, dict) else {}
    return [c.get("image", "") for key in ("initContainers", "containers") for c in pod.get(key) or []]


def _replicas(obj: Obj) -> int:
    if obj.get("kind") not in ("Deployment", "StatefulSet"):
        return 0
    return int((obj.get("spec") or {}).get("replicas", 1))
