"""Rendering a chart: its templates with its values, into manifests in the order in which Helm makes them."""

from dataclasses import dataclass
from typing import Any

import yaml

from wizard.cluster.chart.model import Chart
from wizard.cluster.port import Obj
from wizard.rehearsal.gotemplate.evaluate import Execution
from wizard.rehearsal.gotemplate.functions import FUNCTIONS, floats
from wizard.rehearsal.gotemplate.parser import Templates, parse
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.gotemplate.versions import satisfies
from wizard.rehearsal.helm.values import coalesce
from wizard.rehearsal.kube.kinds import KINDS

_ORDER = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "Ingress",
]


@dataclass(frozen=True, slots=True)
class Request:
    """What is rendered for whom. `kubernetes` is the cluster's version."""

    release: str
    namespace: str
    kubernetes: str
    revision: int = 1
    upgrade: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the template it came from (CHART/templates/FILE)."""

    source: str
    obj: Obj

    def text(self) -> str:
        """As `helm template` prints it."""
        body = yaml.safe_dump(
            self.obj, default_flow_style=False, sort_keys=False, width=10**9, allow_unicode=True
        )
        return f"---\n# Source: {self.source}\n{body}"


def render(chart: Chart, over: dict[str, Any], request: Request) -> list[Manifest]:
    """The chart's objects. Raises TemplateError in Helm's words."""
    if chart.kube_version and not satisfies(request.kubernetes, chart.kube_version):
        raise TemplateError(
            f"chart requires kubeVersion: {chart.kube_version} which is incompatible with Kubernetes {request.kubernetes}"
        )
    values = coalesce(floats(chart.values.data or {}), over)
    templates: Templates = {}
    names = [n for n in chart.templates if not n.endswith("NOTES.txt")]
    for name in names:
        parse(chart.text(name), f"{chart.name}/{name}", templates)
    context = _context(chart, values, request)
    execution = Execution(templates, FUNCTIONS)
    execution.functions = {**FUNCTIONS, **_late(execution)}
    found = []
    for name in names:
        if name.rpartition("/")[2].startswith("_") or not name.endswith((".yaml", ".yml")):
            continue
        full = f"{chart.name}/{name}"
        template = {"Name": full, "BasePath": f"{chart.name}/templates"}
        found += _objects(execution.run(full, {**context, "Template": template}), full)
    return sorted(found, key=_rank)


def _rank(manifest: Manifest) -> tuple[int, str]:
    kind = manifest.obj.get("kind", "")
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), str(kind))


def _objects(text: str, source: str) -> list[Manifest]:
    try:
        documents = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise TemplateError(f"YAML parse error on {source}: error converting YAML to JSON: {error}") from None
    found = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document:
            raise TemplateError(f"YAML parse error on {source}: not a Kubernetes object")
        if "helm.sh/hook" not in (document.get("metadata") or {}).get("annotations", {}):
            found.append(Manifest(source, document))
    return found


def _context(chart: Chart, values: dict[str, Any], request: Request) -> dict[str, Any]:
    major, _, rest = request.kubernetes.removeprefix("v").partition(".")
    served = {kind.api for kind in KINDS.values()}
    return {
        "Values": values,
        "Release": {
            "Name": request.release,
            "Namespace": request.namespace,
            "Service": "Helm",
            "Revision": request.revision,
            "IsInstall": not request.upgrade,
            "IsUpgrade": request.upgrade,
        },
        "Chart": {
            "Name": chart.name,
            "Version": chart.version,
            "AppVersion": chart.app_version,
            "KubeVersion": chart.kube_version,
            "Type": "application",
        },
        "Capabilities": {
            "KubeVersion": {
                "Version": request.kubernetes,
                "GitVersion": request.kubernetes,
                "Major": major,
                "Minor": rest.partition(".")[0],
            },
            "APIVersions": {"Has": lambda api: api.partition("/")[0] in served or api in served},
            "HelmVersion": {"Version": "v3.19.5"},
        },
        "Files": {"Get": chart.text},
        "Subcharts": {},
    }


def _late(execution: Execution) -> dict[str, Any]:
    """The functions that need the templates themselves."""

    def include(name: str, data: Any) -> str:
        return execution.run(name, data)

    def tpl(source: str, data: Any) -> str:
        inner: Templates = dict(execution.templates)
        parse(source, "gotpl", inner)
        return Execution(inner, execution.functions).run("gotpl", data)

    return {"include": include, "tpl": tpl}
