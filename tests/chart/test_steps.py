"""The steps write-values and install-chart, over fakes: what they do, what they leave, what they say."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from tests.chart.fakes import FakeCluster, FakeHelm
from tests.chart.given import DEMO, answers, images
from tests.chart.test_waiting import NAMES, pod
from wizard.answers.sections.chart import Chart
from wizard.cluster.port import Release
from wizard.cluster.values.supplied import supplied
from wizard.cluster.values.text import sets
from wizard.cluster.waiting.release import causes
from wizard.engine.events import Found, Grade, Said
from wizard.engine.problems import Problem
from wizard.engine.step import Context
from wizard.engine.stop import Stop
from wizard.oci.sites import Sites
from wizard.steps.install_chart import InstallChart
from wizard.steps.write_values import WriteValues


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))


@dataclasses.dataclass
class World:
    """A world of fakes; `no_helm` makes it have none."""

    helm_: FakeHelm
    cluster_: FakeCluster
    no_helm: bool = False
    rehearsal: str = ""

    def helm(self, _):
        if self.no_helm:
            raise Problem("helm-not-found", "helm cannot be started")
        return self.helm_

    def cluster(self, _):
        return self.cluster_

    def sites(self, _):
        return Sites()


RENDERED = """\
---
# Source: opencost-ai/templates/a.yaml
apiVersion: v1
kind: Service
metadata: {name: opencost-ai-gateway}
"""
SECRET = {"kind": "Secret", "metadata": {"name": "opencost-ai-auth", "namespace": "opencost-ai"}}
SERVICE = {"kind": "Service", "metadata": {"name": "opencost-ai-gateway", "namespace": "opencost-ai"}}


@pytest.fixture
def ctx(tmp_path):
    chart = Chart(source=str(DEMO), values=tmp_path / "gitops" / "values-airgap.yaml")
    world = World(FakeHelm(manifests=RENDERED), FakeCluster(SECRET))
    folder = tmp_path / "run"
    folder.mkdir()
    said = []
    return Context(
        answers(chart=chart), world, folder, said.append, Stop(), {"mirror-images": {"images": images()}}
    )


def change(ctx, **chart):
    ctx.answers = dataclasses.replace(ctx.answers, chart=dataclasses.replace(ctx.answers.chart, **chart))


def said(ctx):
    return [f"{e.level}: {e.text}" for e in ctx.emit.__self__ if isinstance(e, Said)]


def findings(ctx):
    return [e.finding for e in ctx.emit.__self__ if isinstance(e, Found)]


def test_values_are_written_and_then_already_there(ctx):
    """S1.32; the second run finds everything, with equal evidence."""
    step = WriteValues()
    assert step.already(ctx) is None
    evidence = step.run(ctx)
    path = ctx.answers.chart.values
    assert yaml.safe_load(path.read_text())["networkPolicy"] == {"enabled": True}
    assert evidence["path"] == str(path)
    assert evidence["checks"] == {"keysAndTypes": "pass", "rules": "pass", "rendered": "pass"}
    assert evidence["chart"]["version"] == "0.1.0+airgap.3"
    [finding] = findings(ctx)
    assert (finding.grade, finding.evidence) == (Grade.PASS, {"helm": "v3.19.5", "objects": 1})
    before = path.stat().st_mtime_ns
    assert step.already(ctx) == evidence
    assert path.stat().st_mtime_ns == before


def test_every_fix_is_told_with_its_reason(ctx):
    WriteValues().run(ctx)
    assert any(
        "chart fix bridge-command (versions >=0.1.0 <1.0.0): the chart tells" in line for line in said(ctx)
    )


def test_a_defect_that_is_kept_is_warned_of(ctx):
    change(ctx, keep_defects=("bridge-command",))
    evidence = WriteValues().run(ctx)
    assert evidence["chart"]["defectsKept"] == ["bridge-command"]
    assert any(line.startswith("warning: chart defect bridge-command is kept") for line in said(ctx))


def test_a_preview_is_pure_and_names_file_fixes_and_checks(ctx):
    lines = "\n".join(WriteValues().preview(ctx.answers))
    assert str(ctx.answers.chart.values) in lines
    assert "bridge-command, claim-template-labels" in lines
    assert not ctx.answers.chart.values.exists()


def test_without_helm_the_rendering_is_not_checked_and_it_says_so(ctx):
    ctx.world.no_helm = True
    evidence = WriteValues().run(ctx)
    assert evidence["checks"]["rendered"] == "unknown: helm cannot be started"
    [finding] = findings(ctx)
    assert (finding.check, finding.grade) == ("values-rendered", Grade.UNKNOWN)
    assert "helm cannot be started" in finding.detail


def test_overrides_are_held_to_the_rules(ctx, tmp_path):
    """S1.24, S1.31."""
    site = tmp_path / "site.yaml"
    site.write_text("networkPolicy:\n  enabled: false\n")
    change(ctx, overrides=site)
    with pytest.raises(Problem) as caught:
        WriteValues().run(ctx)
    assert caught.value.code == "values-refused"
    assert f"{site}:2" in caught.value.detail
    assert WriteValues().already(ctx) is None


def test_a_rendered_reference_outside_ends_it(ctx):
    ctx.world.helm_.manifests = (
        RENDERED + "---\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: 'nginx:1'}]}\n"
    )
    with pytest.raises(Problem) as caught:
        WriteValues().run(ctx)
    assert "nginx:1 is outside the internal registry (Pod p, spec.containers[0].image" in caught.value.detail


def test_a_file_changed_by_hand_is_left(ctx):
    step = WriteValues()
    step.run(ctx)
    path = ctx.answers.chart.values
    path.write_text(path.read_text() + "# mine\n")
    assert step.already(ctx) is None
    with pytest.raises(Problem) as caught:
        step.run(ctx)
    assert caught.value.code == "values-edited"
    assert path.read_text().endswith("# mine\n")


def test_no_chart_is_named(ctx):
    change(ctx, source="")
    with pytest.raises(Problem) as caught:
        WriteValues().run(ctx)
    assert caught.value.code == "chart-not-found"


def installed(ctx):
    """A world in which the release is what the answers want."""
    ctx.evidence = {**ctx.evidence, "write-values": WriteValues().run(ctx)}
    files = [ctx.answers.chart.values]
    ctx.world.helm_.given = supplied(files, sets(ctx.answers))
    ctx.world.cluster_.objects += [SERVICE, pod("opencost-ai-gateway-1", ready=True)]


def test_install_and_then_already(ctx):
    """S1.35."""
    installed(ctx)
    step = InstallChart()
    assert step.already(ctx) is None
    evidence = step.run(ctx)
    [given] = ctx.world.helm_.upgrades
    assert Path(given["chart"]).name == "opencost-ai-0.1.0+airgap.3.tgz"
    assert given["values"] == [str(ctx.answers.chart.values)]
    assert given["sets"] == {"gateway.auth.existingSecret": "opencost-ai-auth"}
    assert evidence["status"] == "deployed"
    assert evidence["images"]["gateway"].startswith(
        "registry.internal.example:5000/opencost-ai/opencost-ai-gateway@sha256:"
    )
    assert step.already(ctx) == evidence
    assert len(ctx.world.helm_.upgrades) == 1


@pytest.mark.parametrize("whose", ["our-probe", "replaced"])
def test_a_pod_on_its_way_out_is_no_reason_to_upgrade_again(ctx, whose):
    """A probe of ours bears the gateway's labels; it, or a pod that a restart has replaced, lingers for a moment."""
    installed(ctx)
    step = InstallChart()
    evidence = step.run(ctx)
    lingering = pod("opencost-ai-gateway-2")
    labels = lingering["metadata"]["labels"]
    if whose == "our-probe":
        lingering["metadata"]["labels"] = {**labels, "airgap-wizard/purpose": "probe"}
    else:
        lingering["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ctx.world.cluster_.objects.append(lingering)
    assert step.already(ctx) == evidence
    assert causes(ctx.world.cluster_, NAMES) == []


DEPLOYED = Release("opencost-ai", "opencost-ai", 1, "deployed", "opencost-ai-0.1.0+airgap.3")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda w: setattr(w.helm_, "now", None),
        lambda w: setattr(w.helm_, "now", dataclasses.replace(DEPLOYED, status="failed")),
        lambda w: setattr(w.helm_, "now", dataclasses.replace(DEPLOYED, chart="opencost-ai-0.1.0")),
        lambda w: w.helm_.given.update(ollama={}),
        lambda w: w.cluster_.objects.remove(SERVICE),
        lambda w: w.cluster_.objects.append(pod("opencost-ai-bridge-1")),
        lambda w: w.cluster_.objects.pop(),
    ],
    ids=["none", "failed", "other-chart", "other-values", "object-gone", "not-ready", "no-pods"],
)
def test_already_is_truthful(ctx, spoil):
    installed(ctx)
    ctx.world.helm_.now = DEPLOYED
    assert InstallChart().already(ctx) is not None
    spoil(ctx.world)
    assert InstallChart().already(ctx) is None


def test_an_image_that_was_changed_in_the_cluster_is_noticed(ctx):
    installed(ctx)
    ctx.world.helm_.now = DEPLOYED
    text = "kind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - image: h/a@1\n"
    ctx.world.helm_.manifests = text
    live = yaml.safe_load(text)
    live["metadata"]["namespace"] = "opencost-ai"
    live["status"] = {"readyReplicas": 1}
    ctx.world.cluster_.objects.append(live)
    assert InstallChart().already(ctx) is not None
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/a:latest"
    assert InstallChart().already(ctx) is None
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "h/a@1"
    live["status"] = {"readyReplicas": 0}
    assert InstallChart().already(ctx) is None


def test_without_the_token_secret_nothing_is_installed(ctx):
    installed(ctx)
    ctx.world.cluster_.objects.remove(SECRET)
    with pytest.raises(Problem) as caught:
        InstallChart().run(ctx)
    assert caught.value.code == "token-secret-missing"
    assert ctx.world.helm_.upgrades == []


def test_a_held_release_is_not_upgraded(ctx):
    installed(ctx)
    ctx.world.helm_.now = dataclasses.replace(DEPLOYED, status="pending-install")
    with pytest.raises(Problem) as caught:
        InstallChart().run(ctx)
    assert caught.value.code == "release-stuck"
    assert ctx.world.helm_.upgrades == []


def test_the_preview_is_the_command(ctx):
    line = InstallChart().preview(ctx.answers)[0]
    assert line.startswith("helm upgrade --install opencost-ai ")
    assert line.endswith("--set gateway.auth.existingSecret=opencost-ai-auth --wait --timeout 5m")
