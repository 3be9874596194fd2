"""Image references wherever a manifest hides them (S2.12)."""

import pytest

from wizard.cluster.references import references

D = "@sha256:" + "a" * 64


def found(obj):
    return [(f.place, f.reference) for f in references(obj)]


@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
def test_every_kind_of_container(kind):
    pod = {"spec": {"template": {"spec": {kind: [{"image": "nginx:latest"}]}}}}
    assert found(pod) == [("image", "nginx:latest")]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"data": {"a.yaml": "containers:\n- image: nginx\n"}}, [("text", "nginx")]),
        ({"data": {"a.yaml": "  image: nginx:latest\n"}}, [("text", "nginx:latest")]),
        ({"data": {"a.json": '{"image": "busybox:1.36"}'}}, [("text", "busybox:1.36")]),
        ({"data": {"x": "see quay.io/a/b for more"}}, [("text", "quay.io/a/b")]),
        (
            {"data": {"x": f"registry.example.com:5000/a/b{D}"}},
            [("text", f"registry.example.com:5000/a/b{D}")],
        ),
        ({"env": [{"name": "RELATED_IMAGE_X", "value": "busybox:1"}]}, [("env", "busybox:1")]),
        ({"env": [{"name": "X", "value": "ghcr.io/a/b:1"}]}, [("text", "ghcr.io/a/b:1")]),
        ({"args": ["--sidecar-image=envoy:1.2"]}, [("argument", "envoy:1.2")]),
        ({"args": ["--image", "envoy:1.2", "x"]}, [("argument", "envoy:1.2")]),
        ({"command": ["run", "docker.io/library/alpine:3"]}, [("argument", "docker.io/library/alpine:3")]),
        ({"spec": {"proxy": {"image": "envoy"}}}, [("image", "envoy")]),
    ],
)
def test_where_it_can_hide(obj, expected):
    assert found(obj) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http://opencost.opencost.svc:8081/mcp",
        "http://opencost-ai-ollama:11434",
        "https://ghcr.io/a/b:1/readme",
        "image: none",
        "/etc/ollama-mcp-bridge/servers.json",
        "kubernetes.io/metadata.name",
        "app.kubernetes.io/name: opencost",
        "sha256:" + "a" * 64,
        "0.0.0.0:11434",
        "networking.k8s.io/v1",
    ],
)
def test_what_is_no_reference(text):
    assert found({"data": {"x": text}, "env": [{"name": "A", "value": text}], "args": [text]}) == []


def test_a_path_leads_to_it():
    pod = {"spec": {"containers": [{"name": "a"}, {"image": "x:1"}]}}
    assert [f.path for f in references(pod)] == [("spec", "containers", 1, "image")]
