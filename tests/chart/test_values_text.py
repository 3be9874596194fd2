"""The values file's text: S1.24, S1.29–S1.35, S1.47."""

import dataclasses

import pytest
import yaml

from tests.chart.given import HOST, answers, digest, images
from wizard.answers.sections.cluster import Cluster
from wizard.answers.sections.images import Images
from wizard.cluster.values.pinned import pinned, recorded, split
from wizard.cluster.values.text import body, sets
from wizard.engine.problems import Problem


def written(**changes):
    return yaml.safe_load(body(answers(**changes), pinned(images(), HOST)))


def test_has_the_pull_secret():
    """S1.29."""
    assert written()["imagePullSecrets"] == [{"name": "internal-registry"}]


@pytest.mark.parametrize(("name", "number"), [("gateway", 1), ("bridge", 2), ("ollama", 3)])
def test_pins_every_image_by_the_recorded_digest(name, number):
    """S1.2, S1.30."""
    image = written()[name]["image"]
    assert image["repository"].startswith(f"{HOST}/opencost-ai/")
    assert image["digest"] == digest(number)
    assert image["pullPolicy"] == "IfNotPresent"
    assert isinstance(image["tag"], str)


def test_a_tag_that_looks_like_a_number_stays_text():
    found = images()
    found["ollama"]["target"] = f"{HOST}/opencost-ai/ollama:0.30"
    text = body(answers(), pinned(found, HOST))
    assert yaml.safe_load(text)["ollama"]["image"]["tag"] == "0.30"


def test_storage_class_is_explicit_and_policies_are_on():
    """S1.31."""
    values = written()
    assert values["ollama"]["persistence"] == {
        "enabled": True,
        "storageClassName": "internal-block",
        "size": "20Gi",
    }
    assert values["networkPolicy"] == {"enabled": True}


def test_the_token_is_a_reference_to_a_secret():
    """S1.34, S1.35: the same name in the file and beside it."""
    assert sets(answers()) == {"gateway.auth.existingSecret": "opencost-ai-auth"}
    assert written()["gateway"]["auth"] == {"existingSecret": "opencost-ai-auth"}


def test_a_gpu_is_a_limit_of_ollama():
    """S1.47."""
    assert "resources" not in written()["ollama"]
    values = written(cluster=Cluster(storage_class="fast", gpu=True))
    assert values["ollama"]["resources"] == {"limits": {"nvidia.com/gpu": 1}}


def test_opencost_elsewhere_is_named_in_address_and_policy():
    cluster = Cluster(storage_class="fast", opencost_namespace="costs", opencost_service="oc")
    mcp = written(cluster=cluster)["bridge"]["opencostMcp"]
    assert mcp["host"] == "oc.costs.svc"
    assert mcp["namespaceSelectorLabel"]["value"] == "costs"


def test_model_bootstrap_is_never_written():
    """S1.24."""
    assert "modelBootstrap" not in body(answers(), pinned(images(), HOST))


def test_comments_say_where_a_digest_came_from():
    text = body(answers(), pinned(images(), HOST))
    assert "Copied from ghcr.io/opencost/opencost-ai-gateway:v0.1.0, all platforms." in text
    text = body(answers(images=Images(platforms=("linux/arm64",))), pinned(images(), HOST))
    assert "docker.io/ollama/ollama:0.30.8, linux/arm64." in text


def test_the_same_inputs_give_the_same_bytes():
    """S1.32: nothing in the file but what was asked and recorded."""
    again = dict(reversed(images().items()))
    assert body(answers(), pinned(images(), HOST)) == body(answers(), pinned(again, HOST))


@pytest.mark.parametrize("name", ["gateway", "bridge", "ollama"])
@pytest.mark.parametrize("fault", ["absent", "no-digest", "short-digest"])
def test_a_missing_digest_is_a_problem_that_names_the_image(name, fault):
    found = images()
    if fault == "absent":
        del found[name]
    else:
        found[name]["digest"] = "" if fault == "no-digest" else "sha256:1234"
    with pytest.raises(Problem, match=name) as caught:
        pinned(found, HOST)
    assert caught.value.code == "values-digest-missing"
    assert caught.value.exit_code == 2


def test_a_copy_in_another_registry_is_refused():
    with pytest.raises(Problem) as caught:
        pinned(images("registry.other.example"), HOST)
    assert caught.value.code == "values-image-outside"
    assert "registry.other.example/opencost-ai/opencost-ai-gateway:v0.1.0" in caught.value.title


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("h:5000/a/b:1", ("h:5000/a/b", "1")),
        ("h:5000/a/b", ("h:5000/a/b", "")),
        ("h:5000/a/b:1@sha256:" + "0" * 64, ("h:5000/a/b", "1")),
        ("[::1]:5000/a:1", ("[::1]:5000/a", "1")),
    ],
)
def test_references_are_split_at_the_tag(target, parts):
    assert split(target) == parts


@pytest.mark.parametrize(
    "wrap", [lambda i: i, lambda i: {"images": i}, lambda i: {"mirror-images": {"images": i}}]
)
def test_digests_are_read_from_json(tmp_path, wrap):
    import json

    path = tmp_path / "digests.json"
    path.write_text(json.dumps(wrap(images())))
    assert recorded(path) == images()


@pytest.mark.parametrize("text", ["", "[]", '{"gateway": "sha256:1"}', '"x"'])
def test_a_file_without_digests_is_a_problem(tmp_path, text):
    path = tmp_path / "digests.json"
    path.write_text(text)
    with pytest.raises(Problem) as caught:
        recorded(path)
    assert caught.value.code == "values-digests-not-readable"


def test_answers_are_left_alone():
    before = answers()
    body(before, pinned(images(), HOST))
    assert before == dataclasses.replace(before)
