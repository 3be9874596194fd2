"""Helm 3 and Helm 4, the real ones, over our chart and our values (S1.6, S2.41)."""

import shutil

import pytest
import yaml

from tests.chart.given import DEMO, HOST, answers, digest, images
from tests.real.tools import tool
from wizard.answers.sections.cluster import Cluster
from wizard.cluster.chart.load import load_chart
from wizard.cluster.fixes.registry import FIXES, mend
from wizard.cluster.helm.adapter import RealHelm
from wizard.cluster.values.check import check_values
from wizard.cluster.values.file import seal
from wizard.cluster.values.pinned import pinned
from wizard.cluster.values.text import body, sets
from wizard.engine.problems import Problem

pytestmark = pytest.mark.real


@pytest.fixture(params=["helm3", "helm4"])
def helm(request, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    return RealHelm(tmp_path / "home", program=str(tool(request.param)))


@pytest.fixture
def values(tmp_path):
    path = tmp_path / "values-airgap.yaml"
    path.write_text(seal(body(answers(), pinned(images(), HOST)), HOST))
    return path


def rendered(helm, chart, files, release="opencost-ai"):
    text = helm.template(str(chart), release, "opencost-ai", [str(f) for f in files], sets(answers()))
    return {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(text) if d}


def test_it_is_new_enough(helm):
    assert helm.version().startswith(("v3.", "v4."))


def test_no_pod_names_a_public_registry(helm, values):
    """S1.2, S1.29, S1.30, S1.31, S2.10."""
    objects = rendered(helm, DEMO, [values])
    pods = {
        n: o["spec"]["template"]["spec"]
        for (k, n), o in objects.items()
        if k in ("Deployment", "StatefulSet")
    }
    assert pods["opencost-ai-gateway"]["containers"][0]["image"] == (
        f"{HOST}/opencost-ai/opencost-ai-gateway@{digest(1)}"
    )
    for pod in pods.values():
        assert pod["imagePullSecrets"] == [{"name": "internal-registry"}]
        for container in pod["containers"]:
            assert container["image"].startswith(f"{HOST}/")
            assert container["imagePullPolicy"] == "IfNotPresent"
    claim = objects["StatefulSet", "opencost-ai-ollama"]["spec"]["volumeClaimTemplates"][0]["spec"]
    assert claim["storageClassName"] == "internal-block"
    assert {n for k, n in objects if k == "NetworkPolicy"} == {
        f"opencost-ai-{c}" for c in ("gateway", "bridge", "ollama")
    }
    secret = pods["opencost-ai-gateway"]["volumes"][0]["secret"]
    assert (secret["secretName"], secret["optional"]) == ("opencost-ai-auth", True)


def test_the_check_passes_and_says_that_it_rendered(helm, values):
    checked = check_values(load_chart(DEMO), [values], answers(), helm)
    assert checked.complaints == ()
    assert checked.done == {"keysAndTypes": "pass", "rules": "pass", "rendered": "pass"}
    assert checked.helm == helm.version()


def test_a_reference_hidden_in_a_configmap_fails_with_its_line(helm, values, tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    (tmp_path / "c" / "templates" / "extra.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  pod.yaml: |\n    containers:\n"
        "    - image: nginx:latest\n"
    )
    checked = check_values(load_chart(tmp_path / "c"), [values], answers(), helm)
    [complaint] = checked.complaints
    assert complaint.rule == "image-outside"
    assert complaint.where == "templates/extra.yaml:8"
    assert "nginx:latest" in complaint.text


def test_without_our_values_every_image_is_complained_of(helm, tmp_path):
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    checked = check_values(load_chart(DEMO), [empty], answers(), helm)
    wrong = [c.text for c in checked.complaints if c.rule == "image-outside"]
    assert any("ollama.image.repository is ollama/ollama" in text for text in wrong)
    assert len(wrong) == 3


def test_the_defects_are_there_and_mended(helm, values, tmp_path):
    """Known defects of 0.1.0: the bridge's command, version labels in the claim template."""
    chart = load_chart(DEMO)
    before = rendered(helm, chart.path, [values])
    mended = mend(chart, tmp_path / "out")
    after = rendered(helm, mended.chart.path, [values])

    def bridge(objects):
        return objects["Deployment", "opencost-ai-bridge"]["spec"]["template"]["spec"]["containers"][0]

    def claim(objects):
        template = objects["StatefulSet", "opencost-ai-ollama"]["spec"]["volumeClaimTemplates"][0]
        return template["metadata"]["labels"]

    assert "command" not in bridge(before)
    assert bridge(after)["command"] == [
        "/.venv/bin/ollama-mcp-bridge", "--config", "/etc/ollama-mcp-bridge/servers.json",
        "--ollama-url", "http://opencost-ai-ollama:11434",
    ]  # fmt: skip
    assert "helm.sh/chart" in claim(before)
    assert claim(after) == {
        "app.kubernetes.io/name": "opencost-ai",
        "app.kubernetes.io/instance": "opencost-ai",
        "app.kubernetes.io/component": "ollama",
    }
    assert set(before) == set(after)


@pytest.mark.parametrize("fix", [fix.id for fix in FIXES])
def test_each_fix_alone_renders(helm, values, tmp_path, fix):
    keep = [other.id for other in FIXES if other.id != fix]
    mended = mend(load_chart(DEMO), tmp_path / "out", keep)
    assert len(rendered(helm, mended.chart.path, [values])) == 11


def test_names_follow_the_release(helm, values):
    objects = rendered(helm, DEMO, [values], release="site")
    assert ("StatefulSet", "site-opencost-ai-ollama") in objects


def test_a_broken_chart_is_a_problem_with_its_line(helm, values, tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    (tmp_path / "c" / "templates" / "x.yaml").write_text('{{ fail "broken on purpose" }}\n')
    with pytest.raises(Problem) as caught:
        rendered(helm, tmp_path / "c", [values])
    assert caught.value.code == "chart-does-not-render"
    assert "broken on purpose" in caught.value.detail
    assert "templates/x.yaml:1" in caught.value.detail


def test_values_of_a_wrong_shape_are_a_problem(helm, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("gateway: {image: 1}\n")
    with pytest.raises(Problem) as caught:
        rendered(helm, DEMO, [bad])
    assert caught.value.code == "chart-does-not-render"


def test_a_kubernetes_that_the_chart_wants_is_told_to_helm(helm, values, tmp_path):
    shutil.copytree(DEMO, tmp_path / "c")
    meta = (DEMO / "Chart.yaml").read_text().replace(">=1.25.0-0", ">=1.99.0-0")
    (tmp_path / "c" / "Chart.yaml").write_text(meta)
    assert rendered(helm, tmp_path / "c", [values])


def test_no_cluster_is_said(helm, values):
    with pytest.raises(Problem) as caught:
        helm.release("opencost-ai", "opencost-ai")
    assert caught.value.code == "cluster-unreachable"


def test_gpu_reaches_the_pod(helm, tmp_path):
    """S1.47."""
    gpu = answers(cluster=Cluster(storage_class="fast", gpu=True))
    path = tmp_path / "v.yaml"
    path.write_text(body(gpu, pinned(images(), HOST)))
    pod = rendered(helm, DEMO, [path])["StatefulSet", "opencost-ai-ollama"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": 1, "cpu": "4", "memory": "8Gi"}
