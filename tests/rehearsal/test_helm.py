"""The rehearsed Helm's own manners: values, refusals, records."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.rehearsal import site
from tests.rehearsal.opened import CHART, Opened
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.rehearsal.gotemplate.tokens import TemplateError
from wizard.rehearsal.helm.values import coalesce, given

Opener = Callable[..., Opened]


def test_values_are_laid_over_each_other(tmp_path: Path) -> None:
    """Chart, files in order, --set; null takes a key away; lists are replaced."""
    one, two = tmp_path / "1.yaml", tmp_path / "2.yaml"
    one.write_text("a: {b: 1, c: 2}\nl: [1, 2]\nx: gone\n")
    two.write_text("a: {b: 3}\nl: [9]\nx: null\n")
    over = given([str(one), str(two)], {"a.d[1].e": "true", "a.f": "text", "a.g": "7", "h\\.i": "dot"})
    assert over["a"] == {"b": 3, "c": 2, "d": [None, {"e": True}], "f": "text", "g": 7}
    assert over["h.i"] == "dot"
    assert coalesce({"x": "own", "a": {"z": 1}}, over) == {
        "a": {"z": 1, **over["a"]},
        "l": [9],
        "h.i": "dot",
    }


@pytest.mark.parametrize(("text", "words"), [("a: [", "error converting YAML"), ("- x", "cannot unmarshal")])
def test_values_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "v.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=words):
        given([str(path)], {})
    with pytest.raises(TemplateError, match="No such file"):
        given([str(tmp_path / "absent")], {})


def test_it_says_that_it_is_rehearsed(opened: Opener) -> None:
    world = opened()
    assert world.world.helm(world.answers).version() == "v3.19.5 (rehearsed)"


def test_a_chart_that_does_not_render(opened: Opener, tmp_path: Path) -> None:
    """The same problem as with the real Helm."""
    world = opened()
    path = tmp_path / "values.yaml"
    path.write_text("gateway: {auth: {create: true}}\n")
    with pytest.raises(Problem) as caught:
        world.world.helm(world.answers).template(str(CHART), "opencost-ai", "ns", [str(path)], {})
    assert caught.value.code == "chart-does-not-render"
    assert "gateway.auth.token is needed with gateway.auth.create" in caught.value.detail


def test_a_chart_for_another_kubernetes(opened: Opener, tmp_path: Path) -> None:
    """kubeVersion is compared with the cluster's."""
    world = opened()
    import shutil

    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    meta = yaml.safe_load((chart / "Chart.yaml").read_text())
    meta["kubeVersion"] = ">=1.99.0"
    (chart / "Chart.yaml").write_text(yaml.safe_dump(meta))
    with pytest.raises(Problem) as caught:
        world.world.helm(world.answers).template(str(chart), "opencost-ai", "ns", [], {})
    assert caught.value.code == "chart-needs-other-kubernetes"


def test_template_names_where_each_object_comes_from(opened: Opener) -> None:
    world = opened()
    text = world.world.helm(world.answers).template(str(CHART), "opencost-ai", "ns", [], {})
    assert "# Source: opencost-ai/templates/networkpolicies.yaml" in text
    assert len([d for d in yaml.safe_load_all(text) if d]) == 11


def test_a_release_that_hangs_is_not_touched(opened: Opener, tmp_path: Path) -> None:
    """facts 8; its record can be removed as Helm's documentation says."""
    world = opened("release-stuck")
    site.namespace(world)
    site.volume(world)
    with pytest.raises(Problem) as caught:
        site.install(world, tmp_path)
    assert caught.value.code == "release-stuck"
    assert world.cluster.delete("Secret", "sh.helm.release.v1.opencost-ai.v1", site.SPACE)
    assert site.install(world, tmp_path).status == "deployed"


def test_records_are_helms_own_secrets(opened: Opener, tmp_path: Path) -> None:
    """Type, labels and packing are those that `helm list` reads."""
    world = opened()
    site.namespace(world)
    site.volume(world)
    site.install(world, tmp_path)
    secret = world.cluster.get("Secret", "sh.helm.release.v1.opencost-ai.v1", site.SPACE)
    assert secret is not None
    assert secret["type"] == "helm.sh/release.v1"
    assert secret["metadata"]["labels"] == {
        "owner": "helm",
        "name": "opencost-ai",
        "status": "deployed",
        "version": "1",
    }
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    assert record["chart"]["metadata"]["name"] == "opencost-ai"
    assert world.world.helm(world.answers).values("opencost-ai", site.SPACE) == record["config"]


def test_a_missing_namespace_and_a_foreign_object(opened: Opener, tmp_path: Path) -> None:
    world = opened()
    with pytest.raises(Problem) as caught:
        site.install(world, tmp_path)
    assert caught.value.code == "namespace-missing"
    site.namespace(world)
    site.volume(world)
    meta = {"name": "opencost-ai-bridge", "namespace": site.SPACE}
    world.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}})
    with pytest.raises(Problem) as caught:
        site.install(world, tmp_path)
    assert caught.value.code == "helm-foreign-object"


def test_rolling_back_to_what_never_was(opened: Opener, tmp_path: Path) -> None:
    world = opened()
    site.namespace(world)
    with pytest.raises(Problem) as caught:
        world.world.helm(world.answers).rollback("opencost-ai", site.SPACE, 7, timeout=1, stop=Stop())
    assert caught.value.code == "helm-failed"
