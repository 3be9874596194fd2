"""The sweep: whatever would be looked for outside, or is not pinned, fails the build with file and line (S2.8, S2.12)."""

from pathlib import Path
from typing import Any

import pytest

from wizard.cluster.chart.load import load_chart
from wizard.cluster.crossplane import check_compositions
from wizard.cluster.sweep import Manifest, beside, in_file, rendered, sweep
from wizard.engine.problems import Problem

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
CARRIED = {
    "docker.io/library/nginx": frozenset({"1.27", DIGEST}),
    "ghcr.io/a/b": frozenset({DIGEST}),
}


def look(text: str, exceptions: dict[str, str] | None = None) -> Any:
    return sweep(in_file("m.yaml", text), CARRIED, exceptions or {})


def refused(text: str, exceptions: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(Problem) as caught:
        look(text, exceptions)
    assert (caught.value.code, caught.value.exit_code) == ("reference-not-carried", 3)
    return caught.value.detail.splitlines()


POD = "kind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      image: {image}\n"


def test_a_pinned_and_carried_image_passes() -> None:
    found = look(
        POD.replace("{image}", f"nginx@{DIGEST}") + "---\n" + POD.replace("{image}", f"ghcr.io/a/b@{DIGEST}")
    )
    assert (found.documents, found.references) == (2, 2)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("nginx:latest", "is not carried with this tag"),
        ("nginx", "is not carried with this tag"),
        ("nginx:1.27", f"is carried, but not pinned: write docker.io/library/nginx@{DIGEST}"),
        (f"nginx@{OTHER}", "is carried, but not with this digest"),
        ("quay.io/x/y:1", "is not carried"),
        ("Not:a/Reference", "is no image reference"),
    ],
)
def test_what_is_loose_is_named_with_its_line(image: str, why: str) -> None:
    (line,) = refused(POD.replace("{image}", image))
    assert line.startswith(f"m.yaml:6: {image} (Pod p)") and why in line


PLACES = {
    "an init container": "spec: {initContainers: [{image: quay.io/x/y:1}]}",
    "a sidecar": "spec: {template: {spec: {containers: [{name: a}, {name: b, image: 'quay.io/x/y:1'}]}}}",
    "an ephemeral container": "spec: {ephemeralContainers: [{image: quay.io/x/y:1}]}",
    "an environment value": "env: [{name: RELATED_IMAGE_X, value: 'quay.io/x/y:1'}]",
    "an argument": "args: ['--sidecar-image=quay.io/x/y:1']",
    "two arguments": "args: [--image, 'quay.io/x/y:1']",
    "an operator's field": "spec: {agent: {image: 'quay.io/x/y:1'}}",
    "a ConfigMap's text": "data: {pod.yaml: 'containers: [{image: quay.io/x/y:1}]'}",
    "an annotation": "metadata: {annotations: {inject: 'quay.io/x/y:1'}}",
}


@pytest.mark.parametrize("place", list(PLACES))
def test_wherever_it_stands(place: str) -> None:
    """S2.8: init, sidecar and operator-made workloads included."""
    (line,) = refused(f"kind: Thing\n{PLACES[place]}\n")
    assert line.startswith("m.yaml:2: quay.io/x/y:1")


def test_the_line_is_that_of_the_document() -> None:
    text = (
        POD.replace("{image}", f"nginx@{DIGEST}")
        + "---\n# a comment\n"
        + POD.replace("{image}", "nginx:latest")
    )
    assert refused(text)[0].startswith("m.yaml:14: nginx:latest")


def test_all_of_them_are_named_at_once() -> None:
    text = "---\n".join(POD.replace("{image}", f"quay.io/x/y:{n}") for n in range(3))
    assert len(refused(text)) == 3
    text = "---\n".join(POD.replace("{image}", f"quay.io/x/y:{n}") for n in range(60))
    assert refused(text)[-1] == "… and 10 more"


def test_an_exception_has_a_reason_and_is_recorded() -> None:
    text = POD.replace("{image}", "quay.io/x/y:1")
    found = look(text, {"quay.io/x/y:1": "a test that is off", "quay.io/z:1": "stale"})
    assert found.exceptions == {"quay.io/x/y:1": "a test that is off"} and found.unused == ("quay.io/z:1",)


def test_what_is_no_yaml_cannot_be_swept() -> None:
    with pytest.raises(Problem) as caught:
        look("a: b\n---\nc: [d\n")
    assert caught.value.code == "sweep-not-yaml" and caught.value.title.startswith("m.yaml:")


def chart(folder: Path, **files: str) -> Any:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("{}\n")
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load_chart(folder)


def test_a_template_is_named_not_what_it_renders_to(tmp_path: Path) -> None:
    """S2.12: `image: nginx:latest` in a ConfigMap fails the build and names the line."""
    template = "{{ if true }}\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  pod.yaml: |\n    image: nginx:latest\n{{ end }}\n"
    found = chart(tmp_path, templates__c_yaml=template)
    text = "---\n# Source: demo/templates/c.yaml\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  pod.yaml: |\n    image: nginx:latest\n"
    with pytest.raises(Problem) as caught:
        sweep(rendered(found, text), CARRIED, {})
    assert caught.value.detail.startswith("demo/templates/c.yaml:6: nginx:latest (ConfigMap c)")


def test_custom_resource_definitions_are_looked_into(tmp_path: Path) -> None:
    found = chart(
        tmp_path, crds__a_yaml="kind: CustomResourceDefinition\nspec:\n  default: {image: 'quay.io/x/y:1'}\n"
    )
    with pytest.raises(Problem) as caught:
        sweep(beside(found), CARRIED, {})
    assert caught.value.detail.startswith("demo/crds/a.yaml:3: quay.io/x/y:1")


# --- Crossplane (S2.39)


def composition(api: str, old: bool = False) -> str:
    base = f"base: {{apiVersion: {api}, kind: Bucket}}"
    head = "---\napiVersion: apiextensions.crossplane.io/v1\nkind: Composition\nmetadata: {name: buckets}\nspec:\n"
    if old:
        return f"{head}  resources:\n    - {base}\n"
    return f"{head}  mode: Pipeline\n  pipeline:\n    - input:\n        resources:\n          - {base}\n"


def provider(package: str) -> str:
    return f"---\napiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {{name: p}}\nspec: {{package: '{package}'}}\n"


def judge(text: str, **exceptions: str) -> int:
    return check_compositions(list(in_file("c.yaml", text)), exceptions)


S3 = "xpkg.upbound.io/upbound/provider-aws-s3"


def test_compositions_that_fit_their_provider() -> None:
    """S2.39: version 2, namespaced groups, the right provider; the bundle's own XRDs and Kubernetes' groups need none."""
    own = "---\napiVersion: apiextensions.crossplane.io/v2\nkind: CompositeResourceDefinition\nspec: {group: site.example.org}\n"
    assert judge(composition("s3.aws.m.upbound.io/v1beta1") + provider(f"{S3}:v2.1.0")) == 1
    assert judge(composition("s3.aws.m.upbound.io/v1beta1") + provider(f"{S3}:v2.1.0@{DIGEST}")) == 1
    assert (
        judge(composition("kubernetes.m.crossplane.io/v1alpha1") + provider("x/y/provider-kubernetes:v2.0.0"))
        == 1
    )
    assert judge(composition("site.example.org/v1") + own) == 1
    assert judge(composition("apps/v1")) == 1 and judge(composition("networking.k8s.io/v1")) == 1
    assert judge(provider(f"{S3}:v1.0.0")) == 0, "a provider alone composes nothing"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (composition("s3.aws.m.upbound.io/v1beta1"), "no Provider in the bundle serves s3.aws.m.upbound.io"),
        (
            composition("s3.aws.m.upbound.io/v1beta1") + provider("x/y/provider-gcp-storage:v2.0.0"),
            "no Provider",
        ),
        (composition("s3.aws.m.upbound.io/v1beta1") + provider(f"{S3}:v1.14.0"), "is for Crossplane 1"),
        (composition("s3.aws.upbound.io/v1beta1") + provider(f"{S3}:v1.14.0"), "is for Crossplane 1"),
        (composition("s3.aws.upbound.io/v1beta1") + provider(f"{S3}:v2.1.0"), "a group of version 1"),
        (composition("s3.aws.m.upbound.io/v1beta1") + provider(S3), "is not pinned to a version"),
        (composition("s3.aws.m.upbound.io/v1beta1") + provider(f"{S3}:latest"), "is not pinned to a version"),
        (composition("s3.aws.m.upbound.io/v1beta1", old=True) + provider(f"{S3}:v2.1.0"), "spec.resources"),
    ],
)
def test_compositions_that_do_not(text: str, why: str) -> None:
    """S2.39: fail closed where Provider version and API group disagree."""
    with pytest.raises(Problem) as caught:
        judge(text)
    assert (caught.value.code, caught.value.exit_code) == ("crossplane-mismatch", 3)
    assert why in caught.value.detail and caught.value.detail.startswith("c.yaml:")


def test_a_group_can_be_excepted() -> None:
    text = composition("s3.aws.upbound.io/v1beta1") + provider(f"{S3}:v2.1.0")
    assert judge(text, **{"s3.aws.upbound.io": "cluster-scoped on purpose"}) == 1


def test_a_document_that_is_no_object_harms_nobody() -> None:
    assert judge("- a\n---\njust text\n") == 0
    assert Manifest("f", "", ["x"]).title == "a document"
