"""Rendering: the rehearsed Helm and the real ones make the same objects, in the same order, of the same chart and values."""

from pathlib import Path

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
BARE: dict[str, tuple[str, str, dict[str, str]]] = {
    "nothing": ("opencost-ai", "{}", {}),
    "a digest": (
        "other",
        f"gateway: {{image: {{digest: 'sha256:{'a' * 64}'}}}}\nimagePullSecrets: [{{name: p}}]\n",
        {},
    ),
    "no policies": ("opencost-ai", "networkPolicy: {enabled: false}\nbridge: {enabled: false}\n", {}),
    "set": (
        "opencost-ai",
        "gateway: {config: {maxRequestBytes: 12345678, auditLogQuery: true}}\n",
        {
            "gateway.auth.create": "true",
            "gateway.auth.token": "1e5",
            "ollama.tolerations[0].operator": "Exists",
        },
    ),
    "a long name": ("a-release-with-a-name-that-is-quite-long-indeed-fifty", "nameOverride: costs\n", {}),
}
"""Without our values: release, values, what is set."""


@pytest.fixture(params=["as released", "mended"])
def chart(request: pytest.FixtureRequest, tmp_path: Path) -> Chart:
    """The demo chart, with its defects and without."""
    found = load_chart(DEMO)
    return mend(found, tmp_path).chart if request.param == "mended" else found


@pytest.fixture(params=["helm3", "helm4"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> RealHelm:
    return RealHelm(tmp_path / "home", program=str(tool(request.param)), kube_version="1.34.0")


def assert_alike(real: RealHelm, chart: Chart, release: str, files: list[Path], more: dict[str, str]) -> None:
    """Names, order and every field."""
    named = [str(file) for file in files]
    text = real.template(str(chart.path), release, "ns", named, more)
    expected = [doc for doc in yaml.safe_load_all(text) if doc]
    found = [
        manifest.obj for manifest in render(chart, given(named, more), Request(release, "ns", "v1.34.0"))
    ]
    assert len(expected) >= 5
    assert [(doc["kind"], doc["metadata"]["name"]) for doc in found] == [
        (doc["kind"], doc["metadata"]["name"]) for doc in expected
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("site", "release"), [(site, ("opencost-ai", "site-a")[number % 2]) for number, site in enumerate(SITES)]
)
def test_both_render_the_same(chart: Chart, real: RealHelm, site: str, release: str, tmp_path: Path) -> None:
    """S2.41: Helm 3 and 4, with our values and a site's own laid over them."""
    files = [tmp_path / "ours.yaml", tmp_path / "site.yaml"]
    files[0].write_text(body(answers(), pinned(images(), HOST)))
    files[1].write_text(SITES[site])
    assert_alike(real, chart, release, files, {} if site == "made secret" else sets(answers()))


@pytest.mark.parametrize("case", BARE)
def test_both_render_the_same_without_our_values(real: RealHelm, case: str, tmp_path: Path) -> None:
    release, text, more = BARE[case]
    (tmp_path / "site.yaml").write_text(text)
    assert_alike(real, load_chart(DEMO), release, [tmp_path / "site.yaml"], more)
