"""A chart from a registry: pushed by the real Helm, pulled by us, the same chart (S1.35)."""

import dataclasses
import json

import pytest

from tests.chart.given import DEMO, answers
from tests.real.helm import Helm
from wizard.cluster.chart.load import load_chart
from wizard.cluster.chart.obtain import obtain
from wizard.cluster.chart.pull import pull_chart
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.oci.sites import Site, Sites

pytestmark = pytest.mark.real


def sites(registry):
    return Sites({registry.host: Site(registry.host, f"http://{registry.host}", anonymous=True)})


def push(helm, registry, repository, tmp_path, chart=DEMO):
    helm("package", chart, "--destination", tmp_path)
    [archive] = tmp_path.glob("*.tgz")
    helm("push", "--plain-http", archive, f"oci://{registry.host}/{repository}")
    return f"oci://{registry.host}/{repository}/opencost-ai:0.1.0"


def test_what_helm_pushed_is_the_same_chart(helm: Helm, plain_registry, repository, tmp_path):
    source = push(helm, plain_registry, repository, tmp_path)
    path = pull_chart(source, tmp_path / "out", sites(plain_registry), Stop())
    pulled, here = load_chart(path), load_chart(DEMO)
    # `helm package` writes Chart.yaml anew and packs .helmignore; all else is untouched
    own = {"Chart.yaml", ".helmignore"}
    assert {n: d for n, d in pulled.files.items() if n not in own} == {
        n: d for n, d in here.files.items() if n not in own
    }
    assert (pulled.name, pulled.version, pulled.kube_version) == (here.name, here.version, here.kube_version)
    again = pull_chart(source, tmp_path / "out", sites(plain_registry), Stop())
    assert again == path


def test_a_mended_chart_goes_through_helm_and_back(helm: Helm, plain_registry, repository, tmp_path):
    """The version's + is a _ in the tag."""
    given = answers(chart=dataclasses.replace(answers().chart, source=str(DEMO)))
    mended = obtain(given, tmp_path / "run").chart
    helm("push", "--plain-http", mended.path, f"oci://{plain_registry.host}/{repository}")
    source = f"oci://{plain_registry.host}/{repository}/opencost-ai:0.1.0+airgap.3"
    from_there = dataclasses.replace(given, chart=dataclasses.replace(given.chart, source=source))
    back = obtain(from_there, tmp_path / "other", sites(plain_registry))
    assert back.chart.digest == mended.digest
    assert back.applied == ()


def test_no_such_version_says_which_there_are(helm: Helm, plain_registry, repository, tmp_path):
    source = push(helm, plain_registry, repository, tmp_path)
    with pytest.raises(Problem) as caught:
        pull_chart(source.replace("0.1.0", "9.9.9"), tmp_path / "out", sites(plain_registry), Stop())
    assert caught.value.code == "tag-not-found"
    assert "0.1.0" in str(caught.value) + str(caught.value.remedies)


def test_an_image_is_no_chart(plain_registry, repository, tmp_path):
    from tests.real.run import run

    layout = tmp_path / "file"
    layout.write_text(json.dumps({}))
    run("oras", "push", "--plain-http", f"{plain_registry.host}/{repository}:1", "file", cwd=tmp_path)
    with pytest.raises(Problem) as caught:
        pull_chart(
            f"oci://{plain_registry.host}/{repository}:1", tmp_path / "out", sites(plain_registry), Stop()
        )
    assert caught.value.code == "chart-not-readable"
    assert not (tmp_path / "out").exists()
