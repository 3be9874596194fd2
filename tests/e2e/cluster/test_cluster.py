"""The cluster itself: what tests over it may rely on.

That nothing is left on the machine (processes, mounts, namespaces, links, routes, rules, cgroups, sysctls) is
asserted by `cluster()` whenever it ends.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster.cluster import BUSYBOX, OUTSIDE_IP, Cluster, cluster
from tests.real.helm import Helm
from tests.real.images import push_image
from tests.real.ollama import Ollama
from tests.real.process import wait_until
from tests.real.programs import ollama_image, program_image
from tests.real.tools import tool

pytestmark = [pytest.mark.real, pytest.mark.cluster]

_DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny"},
    "spec": {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]},
}


def _pod(name: str, **changes: Any) -> dict[str, Any]:
    container = {"name": "main", "image": BUSYBOX, "imagePullPolicy": "Never", "command": ["sleep", "3600"]}
    pull = changes.pop("imagePullSecrets", [])
    volumes = changes.pop("volumes", [])
    spec = {
        "containers": [{**container, **changes}],
        "terminationGracePeriodSeconds": 0,
        "imagePullSecrets": pull,
        "volumes": volumes,
    }
    metadata = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _ready(kubernetes: Cluster, namespace: str, pod: str) -> None:
    kubernetes.kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=60s")


def _probe(kubernetes: Cluster, namespace: str, pod: str, *arguments: str) -> str:
    return kubernetes.kubectl("-n", namespace, "exec", pod, "--", "probe", *arguments, check=False).strip()


def _leaks(kubernetes: Cluster, namespace: str) -> bool:
    return "outside to" in _probe(kubernetes, namespace, "client", "get", f"http://{OUTSIDE_IP}:8080")


def _waiting(kubernetes: Cluster, namespace: str, pod: str) -> str:
    statuses = kubernetes.get("pod", pod, "-n", namespace)["status"].get("containerStatuses", [])
    return str(statuses[0]["state"].get("waiting", {})) if statuses else ""


def test_the_node_is_ready_and_says_its_version(kubernetes: Cluster) -> None:
    (node,) = kubernetes.get("nodes")["items"]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.4"
    assert {c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"} == {"True"}


def test_policies_hold_and_can_be_unenforced(kubernetes: Cluster, namespace: str) -> None:
    kubernetes.apply(_pod("client"), namespace=namespace)
    _ready(kubernetes, namespace, "client")
    assert _leaks(kubernetes, namespace), "without a policy the outside is reached"
    kubernetes.apply(_DENY, namespace=namespace)
    wait_until(lambda: not _leaks(kubernetes, namespace), "the policy holds")
    with kubernetes.unenforced():
        wait_until(lambda: _leaks(kubernetes, namespace), "the leak with nobody enforcing")
    wait_until(lambda: not _leaks(kubernetes, namespace), "the policy holds again")


def test_only_names_of_the_cluster_and_test_resolve(kubernetes: Cluster, namespace: str) -> None:
    kubernetes.apply(_pod("client"), namespace=namespace)
    _ready(kubernetes, namespace, "client")
    assert OUTSIDE_IP in _probe(kubernetes, namespace, "client", "resolve", "registry.test")
    assert "10.96.0.1" in _probe(kubernetes, namespace, "client", "resolve", "kubernetes.default")
    assert "no such host" in _probe(kubernetes, namespace, "client", "resolve", "example.com")


def test_images_are_pulled_with_the_secret_and_the_ca_alone(
    kubernetes: Cluster, namespace: str, repository: str, tmp_path: Path
) -> None:
    image = program_image(tmp_path, {"/probe": tool("probe")}, ["/probe", "serve", ":8080", "hello"])
    push_image(image, kubernetes.registry, repository, "1.0")
    reference = kubernetes.registry.reference(repository, image.digest)
    pulled = {
        "image": reference,
        "imagePullPolicy": "Always",
        "command": ["/probe", "serve", ":8080", "hello"],
    }

    kubernetes.apply(_pod("no-secret", **pulled), namespace=namespace)
    wait_until(
        lambda: "401 Unauthorized" in _waiting(kubernetes, namespace, "no-secret"),
        "refused without secret",
    )
    secret = [{"name": kubernetes.pull_secret(namespace)}]
    with kubernetes.registry_untrusted():
        kubernetes.apply(_pod("no-ca", **pulled, imagePullSecrets=secret), namespace=namespace)
        wait_until(lambda: "x509" in _waiting(kubernetes, namespace, "no-ca"), "refused without the CA")
    kubernetes.apply(_pod("both", **pulled, imagePullSecrets=secret), namespace=namespace)
    _ready(kubernetes, namespace, "both")
    status = kubernetes.get("pod", "both", "-n", namespace)["status"]["containerStatuses"][0]
    assert status["imageID"].endswith(image.digest)


def test_volumes_are_provisioned(kubernetes: Cluster, namespace: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "data", "mountPath": "/data"}]
    kubernetes.apply(claim, _pod("writer", volumes=volumes, volumeMounts=mounts), namespace=namespace)
    _ready(kubernetes, namespace, "writer")
    kubernetes.kubectl("-n", namespace, "exec", "writer", "--", "sh", "-c", "echo kept >/data/file")
    assert kubernetes.get("pvc", "data", "-n", namespace)["status"]["phase"] == "Bound"
    # the volume goes with its namespace: nothing may stay for the teardown to fall over
    kubernetes.kubectl("-n", namespace, "delete", "pod/writer", "pvc/data", "--timeout=60s")


def test_helm_installs_and_waits(kubernetes: Cluster, namespace: str, helm: Helm, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: c, version: 1.0.0, kubeVersion: '>=1.25.0-0'}")
    (chart / "templates" / "d.yaml").write_text(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {"
        " selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {"
        f" containers: [{{name: d, image: {BUSYBOX}, imagePullPolicy: Never, command: [sleep, '3600']}}]}}}}}}}}"
    )
    ours = Helm(helm.name, helm.home, kubernetes.env)
    ours("install", "r", chart, "--namespace", namespace, "--wait", "--timeout", "60s")
    assert kubernetes.get("deployment", "d", "-n", namespace)["status"]["readyReplicas"] == 1
    ours("uninstall", "r", "--namespace", namespace)


def test_real_ollama_generates_in_a_pod(
    kubernetes: Cluster, namespace: str, ollama: Ollama, repository: str, tmp_path: Path
) -> None:
    """As the chart runs it: another user, a read-only root, a home that is a volume."""
    image = ollama_image(tmp_path, models=ollama.store)
    push_image(image, kubernetes.registry, repository, "1.0")
    pod = _pod(
        "ollama",
        image=kubernetes.registry.reference(repository, image.digest),
        imagePullPolicy="Always",
        command=["ollama", "serve"],
        env=[{"name": "HOME", "value": "/home"}, {"name": "OLLAMA_HOST", "value": "0.0.0.0:11434"}],
        securityContext={"runAsUser": 65532, "runAsNonRoot": True, "readOnlyRootFilesystem": True},
        volumes=[{"name": "home", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        volumeMounts=[{"name": "home", "mountPath": "/home"}, {"name": "tmp", "mountPath": "/tmp"}],
        readinessProbe={"httpGet": {"path": "/", "port": 11434}, "periodSeconds": 1},
        imagePullSecrets=[{"name": kubernetes.pull_secret(namespace)}],
    )
    kubernetes.apply(pod, namespace=namespace)
    _ready(kubernetes, namespace, "ollama")
    answer = kubernetes.kubectl("-n", namespace, "exec", "ollama", "--", "ollama", "run", "tiny:1.0", "hello")
    assert answer.strip()


def test_a_second_cluster_in_one_process_is_refused(kubernetes: Cluster) -> None:
    with pytest.raises(RuntimeError, match="has a cluster up already"), cluster():
        pass
