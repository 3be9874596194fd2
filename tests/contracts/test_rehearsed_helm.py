"""Rendering: the rehearsed Helm and the real ones make the same objects out of the same chart and values."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.given import DEMO, HOST, answers, images
from tests.real.tools import tool
from wizard.cluster.chart.load import load_chart
from wizard.cluster.chart.model import Chart
from wizard.cluster.fixes.registry import mend
from wizard.cluster.helm.adapter import RealHelm
from wizard.cluster.values.pinned import pinned
from wizard.cluster.values.text import body, sets
from wizard.rehearsal.helm.render import Request, render
from wizard.rehearsal.helm.values import given

pytestmark = pytest.mark.real

SITES = {
    "ours alone": "",
    "labels": "commonLabels: {team: costs}\ngateway: {podLabels: {a: b}, podAnnotations: {c: 'd'}}\n",
    "placement": "ollama:\n  nodeSelector: {disk: fast}\n  tolerations: [{key: gpu, operator: Exists}]\n"
    "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}\n",
    "policies": "networkPolicy:\n  gatewayIngress: {allowedFrom: [{namespaceSelector: {matchLabels: {a: b}}}]}\n"
    "  dns: {podSelector: {k8s-app: null, dns: node}}\n",
    "numbers": "gateway: {config: {maxRequestBytes: 1048576, rateLimitPerMin: 0, auditLogQuery: true}, replicaCount: 2}\n",
    "less": "bridge: {enabled: false}\nollama: {persistence: {enabled: false}}\ngateway: {livenessProbe: null}\n",
    "names": "nameOverride: other\n",
    "full name": "fullnameOverride: whole-name\nollama: {service: {annotations: {x: 'y'}}}\n",
    "made secret": "gateway: {auth: {create: true, token: abc, existingSecret: ''}}\n",
}


def objects(text: str) -> dict[tuple[str, str], Any]:
    """By kind and name: the order is Helm's own business."""
    found = {(doc["kind"], doc["metadata"]["name"]): doc for doc in yaml.safe_load_all(text) if doc}
    assert found
    return found


@pytest.fixture(params=["as released", "mended"])
def chart(request: pytest.FixtureRequest, tmp_path: Path) -> Chart:
    """The demo chart, with its defects and without."""
    found = load_chart(DEMO)
    return mend(found, tmp_path).chart if request.param == "mended" else found


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize(
    ("site", "release"), [(site, ("opencost-ai", "site-a")[number % 2]) for number, site in enumerate(SITES)]
)
def test_both_render_the_same(chart: Chart, helm: str, site: str, release: str, tmp_path: Path) -> None:
    files = [tmp_path / "ours.yaml", tmp_path / "site.yaml"]
    files[0].write_text(body(answers(), pinned(images(), HOST)))
    files[1].write_text(SITES[site])
    named = [str(file) for file in files]
    more = {} if site == "made secret" else sets(answers())
    real = RealHelm(tmp_path / "home", program=str(tool(helm)), kube_version="1.34.0")
    expected = objects(real.template(str(chart.path), release, "ns", named, more))
    rehearsed = render(chart, given(named, more), Request(release, "ns", "v1.34.0"))
    found = objects("".join(manifest.text() for manifest in rehearsed))
    # a checksum is over the text, and the text's white space may differ
    for side in (expected, found):
        for doc in side.values():
            meta = doc.get("spec", {}).get("template", {}).get("metadata", {})
            meta.get("annotations", {}).pop("checksum/config", None)
    assert found == expected
