"""Values checked against the chart: keys, types, rules, rendered references, each with its line."""

import dataclasses

import pytest

from tests.chart.fakes import FakeHelm
from tests.chart.given import DEMO, HOST, answers, digest, images
from wizard.answers.sections.registry import Registry
from wizard.cluster.chart.load import load_chart
from wizard.cluster.values.check import check_values
from wizard.cluster.values.complaint import refuse
from wizard.cluster.values.file import seal
from wizard.cluster.values.pinned import pinned
from wizard.cluster.values.text import body
from wizard.engine.problems import Problem

CHART = load_chart(DEMO)


@pytest.fixture
def ours(tmp_path):
    path = tmp_path / "values-airgap.yaml"
    path.write_text(seal(body(answers(), pinned(images(), HOST)), HOST))
    return path


def complaints(ours, text, manifests="", **changes):
    site = ours.with_name("site.yaml")
    site.write_text(text)
    helm = FakeHelm(manifests=manifests) if manifests else None
    found = check_values(CHART, [ours, site], answers(**changes), helm)
    return [(c.rule, c.where.removeprefix(f"{ours.parent}/"), c) for c in found.complaints]


def test_our_own_file_passes(ours):
    checked = check_values(CHART, [ours], answers(), None)
    assert checked.complaints == ()


@pytest.mark.parametrize(
    ("text", "rule", "line", "words"),
    [
        ("ollama:\n  persistance:\n    size: 1Gi\n", "unknown-key", 2, "did you mean ollama.persistence?"),
        ("gatway: {}\n", "unknown-key", 1, "did you mean gateway?"),
        ("networkPolicy:\n  foo: 1\n", "unknown-key", 2, "known: enabled, dns, "),
        ("gateway:\n  image:\n    tag: 0.30\n", "wrong-type", 3, '"quotes"'),
        ("gateway:\n  replicaCount: two\n", "wrong-type", 2, "expected a number"),
        ("gateway:\n  replicaCount: true\n", "wrong-type", 2, "expected a number"),
        ("ollama:\n  enabled: 'yes'\n", "wrong-type", 2, "expected a boolean"),
        ("gateway: []\n", "wrong-type", 1, "expected a mapping"),
        ("bridge:\n  tolerations: {a: 1}\n", "wrong-type", 2, "expected a list"),
        ("bridge:\n  service:\n    port: null\n", "wrong-type", 3, "null would remove"),
        ("ollama:\n  nodeSelector: {}\n  nodeSelector: {a: b}\n", "key-twice", 3, "the later one would win"),
        ("- a\n", "wrong-type", 0, "expected keys and values"),
    ],
)
def test_keys_and_types(ours, text, rule, line, words):
    found = complaints(ours, text)
    assert [(r, w) for r, w, _ in found if r == rule] == [
        (rule, f"site.yaml:{line}" if line else "site.yaml")
    ]
    assert any(words in str(c) for _, _, c in found)


@pytest.mark.parametrize(
    "text",
    [
        "ollama:\n  resources: {limits: {nvidia.com/gpu: 1, cpu: 4}}\n",
        "gateway:\n  podLabels: {team: costs}\n  nodeSelector: {disk: fast}\n",
        "bridge:\n  opencostMcp:\n    podSelector: {app: opencost}\n",
        "commonLabels: {a: b}\n",
        "global: {x: 1}\n",
        "gateway:\n  config:\n    requestTimeout: 300s\n",
        "",
    ],
)
def test_what_is_allowed(ours, text):
    assert complaints(ours, text) == []


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("ollama:\n  modelBootstrap:\n    enabled: true\n", "model-bootstrap", 2),
        ("networkPolicy:\n  enabled: false\n", "policy-off", 2),
        ("networkPolicy: null\n", "policy-off", 1),
        ("gateway:\n  auth:\n    token: geheim\n", "secret-in-values", 3),
        ("gateway:\n  auth:\n    create: true\n", "secret-in-values", 3),
        ("gateway:\n  auth:\n    existingSecret: other\n", "token-secret", 3),
        ("imagePullSecrets: []\n", "pull-secret", 1),
        ("ollama:\n  persistence:\n    enabled: false\n", "volume-off", 3),
        ("ollama:\n  persistence:\n    storageClassName: ''\n", "storage-class", 3),
        ("bridge:\n  image:\n    repository: ghcr.io/a/b\n", "image-outside", 3),
        ("bridge:\n  image:\n    digest: ''\n", "image-unpinned", 3),
    ],
)
def test_rules_hold_for_everybody(ours, text, rule, line):
    """S1.2, S1.24, S1.29, S1.30, S1.31."""
    assert (rule, f"site.yaml:{line}") in [(r, w) for r, w, _ in complaints(ours, text)]


def test_a_component_that_is_off_needs_no_image(ours):
    text = "bridge:\n  enabled: false\n  image:\n    repository: ghcr.io/a/b\n"
    assert complaints(ours, text) == []


def test_a_similar_host_is_not_our_registry(ours):
    text = f"bridge:\n  image:\n    repository: {HOST}.evil.example/a\n"
    assert [r for r, _, _ in complaints(ours, text)] == ["image-outside"]


def test_another_registry_in_the_answers_is_noticed(ours):
    found = check_values(CHART, [ours], answers(registry=Registry(host="other.example")), None)
    assert [c.rule for c in found.complaints] == ["image-outside"] * 3


def deployment(image, extra=""):
    return (
        "---\n# Source: opencost-ai/templates/bridge-deployment.yaml\napiVersion: apps/v1\nkind: Deployment\n"
        f"metadata: {{name: b}}\nspec:\n  template:\n    spec:\n      containers:\n      - image: {image}\n{extra}"
    )


def test_rendered_references_are_traced_to_their_line(ours):
    text = "bridge:\n  podAnnotations:\n    sidecar: quay.io/x/y:1\n"
    manifests = deployment(f"{HOST}/a@{digest(1)}", "        args: [quay.io/x/y:1]\n")
    [(rule, where, complaint)] = complaints(ours, text, manifests)
    assert (rule, where) == ("image-outside", "site.yaml:3")
    assert "Deployment b, spec.template.spec.containers[0].args[0]" in str(complaint)


def test_a_reference_in_a_template_is_traced_to_the_template(ours):
    [(rule, where, _)] = complaints(ours, "", deployment("nginx:latest"))
    assert rule == "image-outside"
    assert where.startswith("templates/bridge-deployment.yaml:")


def test_a_rendered_image_by_tag_is_not_enough(ours):
    assert [r for r, _, _ in complaints(ours, "", deployment(f"{HOST}/a:1"))] == ["image-unpinned"]


def test_rendered_nonsense_is_a_complaint(ours):
    assert [r for r, _, _ in complaints(ours, "", "# Source: a/templates/x.yaml\na: [\n")] == ["not-yaml"]


def test_without_helm_it_says_unknown_and_never_pass(ours):
    checked = check_values(CHART, [ours], answers(), None, "helm cannot be started")
    assert checked.unknown == "helm cannot be started"
    assert checked.done["rendered"] == "unknown: helm cannot be started"
    assert checked.done["keysAndTypes"] == "pass"


def test_a_helm_that_is_missing_when_asked_is_unknown_too(ours):
    class Missing(FakeHelm):
        def version(self):
            raise Problem("helm-not-found", "helm cannot be started")

    assert check_values(CHART, [ours], answers(), Missing()).unknown == "helm cannot be started"


def test_an_old_helm_is_a_problem(ours):
    class Old(FakeHelm):
        def version(self):
            raise Problem("helm-too-old", "helm is Helm v3.10.0")

    with pytest.raises(Problem) as caught:
        check_values(CHART, [ours], answers(), Old())
    assert caught.value.code == "helm-too-old"


def test_all_faults_come_in_one_problem(ours):
    found = complaints(ours, "networkPolicy:\n  enabled: false\ngatway: {}\n")
    with pytest.raises(Problem) as caught:
        refuse([c for _, _, c in found])
    problem = caught.value
    assert problem.code == "values-refused"
    assert problem.exit_code == 2
    lines = problem.detail.splitlines()
    assert [line.partition(": ")[0].rpartition(":")[2] for line in lines] == ["2", "3"]
    assert all("site.yaml:" in line for line in lines)
    assert problem.title == "the values cannot be used: 2 faults"
    assert [fault["rule"] for fault in problem.evidence["faults"]] == ["policy-off", "unknown-key"]


def test_a_key_that_only_a_template_knows_is_accepted(tmp_path, ours):
    files = dict(CHART.files) | {"templates/x.yaml": b"{{ .Values.gateway.hidden.deep }}"}
    chart = dataclasses.replace(CHART, files=files)
    site = tmp_path / "site.yaml"
    site.write_text("gateway:\n  hidden: {deep: 1}\n")
    assert check_values(chart, [ours, site], answers(), None).complaints == ()
