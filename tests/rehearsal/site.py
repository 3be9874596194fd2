"""Steps of an install by hand, for tests of the simulation itself."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.rehearsal.opened import CHART, Opened
from wizard.cluster.port import Obj, Release
from wizard.engine.stop import Stop
from wizard.model.names import ModelName
from wizard.rehearsal.weights import make_model

SPACE = "opencost-ai"
COMMAND = ["/.venv/bin/ollama-mcp-bridge", "--config", "/etc/ollama-mcp-bridge/servers.json", "--ollama-url"]


def namespace(opened: Opened, token: str | None = "t0ken") -> None:
    """The namespace, and the gateway's token."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    opened.cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE, "labels": labels}}
    )
    if token is not None:
        meta = {"name": "opencost-ai-auth", "namespace": SPACE}
        opened.cluster.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"token": token}}
        )


def volume(opened: Opened, storage: str = "internal-file") -> Path:
    """The model's claim, bound, with the model on it; its folder."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models-opencost-ai-ollama-0", "namespace": SPACE},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage,
            "resources": {"requests": {"storage": "20Gi"}},
        },
    }
    opened.cluster.apply(claim)
    found = opened.cluster.get("PersistentVolumeClaim", "models-opencost-ai-ollama-0", SPACE)
    assert found is not None
    folder: Path = opened.world.state.path / "volumes" / found["spec"]["volumeName"]
    make_model(folder / ".ollama" / "models", ModelName.parse("granite4.1:8b"), 4096)
    return folder


def fixed_chart(folder: Path) -> Path:
    """The chart with its bridge's command mended, as staging mends it."""
    import shutil

    target = folder / "chart"
    shutil.copytree(CHART, target, dirs_exist_ok=True)
    path = target / "templates" / "bridge-deployment.yaml"
    text = path.read_text()
    command = json.dumps([*COMMAND, "http://opencost-ai-ollama:11434"])
    assert "          imagePullPolicy:" in text
    path.write_text(
        text.replace(
            "          imagePullPolicy:", f"          command: {command}\n          imagePullPolicy:"
        )
    )
    return target


def values(opened: Opened, images: dict[str, str], folder: Path, **more: Any) -> str:
    """A values file that points inside."""
    content: dict[str, Any] = {
        name: {"image": dict(zip(("repository", "digest"), images[name].split("@"), strict=True))}
        for name in ("gateway", "bridge", "ollama")
    }
    content["ollama"]["persistence"] = {"storageClassName": "internal-file"}
    content["gateway"]["auth"] = {"existingSecret": "opencost-ai-auth"}
    for key, value in more.items():
        content.setdefault(key, {}).update(value)
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def install(
    opened: Opened, folder: Path, *, timeout: float = 5.0, fixed: bool = True, **more: Any
) -> Release:
    """helm upgrade --install."""
    images = opened.mirror()
    chart = fixed_chart(folder) if fixed else CHART
    return opened.world.helm(opened.answers).upgrade(
        str(chart),
        "opencost-ai",
        SPACE,
        [values(opened, images, folder, **more)],
        {},
        timeout=timeout,
        stop=Stop(),
    )


def probe(opened: Opened, *words: str, mount: bool = True, space: str = SPACE) -> list[dict[str, Any]]:
    """A restricted probe pod with the token mounted; what it said."""
    image = opened.mirror("probe")["probe"]
    restricted: Obj = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container: Obj = {"name": "probe", "image": image, "args": list(words), "securityContext": restricted}
    spec: Obj = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    if mount:
        container["volumeMounts"] = [{"name": "token", "mountPath": "/token"}]
        spec["volumes"] = [{"name": "token", "secret": {"secretName": "opencost-ai-auth", "optional": True}}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look", "namespace": space}, "spec": spec}
    result = opened.cluster.run_pod(pod, timeout=10, stop=Stop())
    return [json.loads(line) for line in result.output.splitlines()]


def ask(opened: Opened) -> dict[str, Any]:
    """The question of the journey."""
    url = f"http://opencost-ai-gateway.{SPACE}.svc:8080/v1/ask"
    return probe(
        opened, "ask", url, "--token-file", "/token/token", "--query", "what did i spend yesterday?"
    )[0]


def pods(opened: Opened, component: str) -> list[Obj]:
    """A component's pods."""
    return opened.cluster.list("Pod", SPACE, {"app.kubernetes.io/component": component})
