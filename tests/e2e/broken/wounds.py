"""Wounds of a proved install: how each is made, the cause that has to be named, and what of its remedies is typed."""

import base64
import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Installed
from tests.e2e.shell import Shell
from tests.real.process import wait_until
from wizard.cluster.objects.names import STORE

ALLOW = "temporary-debugging"


@dataclass(frozen=True)
class Patient:
    """The install, and somebody at a shell."""

    installed: Installed
    shell: Shell

    @property
    def space(self) -> str:
        """Its namespace."""
        return self.installed.namespace

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """As the administrator, in the namespace."""
        return self.installed.site.cluster.kubectl("-n", self.space, *words, stdin=stdin)

    def diagnose(self) -> list[dict[str, Any]]:
        """The causes, by the program itself."""
        done = self.shell.type(
            f"airgap-wizard diagnose --answers-file {self.installed.answers} --output json"
        )
        assert done.returncode in (0, 3), done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["causes"]
        assert done.returncode == (3 if found else 0)
        return found

    def store(self) -> Path:
        """Ollama's store on the volume, as the node has it."""
        (volume,) = [c["spec"]["volumeName"] for c in self._claims()]
        (folder,) = (self.installed.site.cluster.folder / "volumes").glob(f"{volume}*")
        return folder / STORE.removeprefix("/var/lib/ollama/")

    def _claims(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "pvc", "-o", "json"))["items"]
        return found

    def blob(self) -> Path:
        """The model's weights."""
        return max((self.store() / "blobs").iterdir(), key=lambda p: p.stat().st_size)

    def manifests(self) -> Path:
        """What Ollama lists."""
        return self.store() / "manifests"

    def rolled(self, component: str) -> None:
        """Wait for the one new pod of a component."""
        kind = "statefulset" if component == "ollama" else "deployment"
        self.kubectl("rollout", "status", f"{kind}/opencost-ai-{component}", "--timeout=120s")
        wait_until(
            lambda: len(self.installed.site.pods(self.space, component)) == 1, f"the old {component} gone", 60
        )

    def restarted(self, component: str) -> None:
        """Have a new pod of a component, Ready."""
        self.kubectl("rollout", "restart", f"deployment/opencost-ai-{component}")
        self.rolled(component)


def token_deleted(p: Patient) -> None:
    p.kubectl("delete", "secret", "opencost-ai-auth")


def lets_out(p: Patient) -> None:
    chosen = {"matchExpressions": [{"key": "app.kubernetes.io/component", "operator": "Exists"}]}
    spec = {"podSelector": chosen, "policyTypes": ["Egress"], "egress": [{}]}
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": ALLOW},
        "spec": spec,
    }
    p.kubectl("apply", "-f", "-", stdin=json.dumps(policy))


def _hidden(p: Patient) -> None:
    """The Service loses 8081."""
    cluster = p.installed.site.cluster
    ports = json.dumps([{"op": "replace", "path": "/spec/ports", "value": [{"name": "api", "port": 9003}]}])
    cluster.kubectl("-n", "opencost", "patch", "service", "opencost", "--type", "json", "-p", ports)


def _replaced(p: Patient) -> None:
    """OpenCost's pod is another one than the bridge has shaken hands with."""
    cluster = p.installed.site.cluster
    cluster.kubectl("-n", "opencost", "delete", "pod", "--all", "--wait=true")
    cluster.kubectl("-n", "opencost", "rollout", "status", "deployment/opencost", "--timeout=60s")


def _truncated(p: Patient) -> None:
    with p.blob().open("r+b") as file:
        file.truncate(1000)


def _emptied(p: Patient) -> None:
    for part in ("blobs", "manifests"):
        shutil.rmtree(p.store() / part)


def _unlisted(p: Patient) -> None:
    shutil.rmtree(p.manifests())


def _held(p: Patient) -> None:
    """A helm was killed in the middle of an upgrade: its record says so for ever."""
    secrets = json.loads(p.kubectl("get", "secrets", "-l", "owner=helm,name=opencost-ai", "-o", "json"))[
        "items"
    ]
    last = max(secrets, key=lambda s: int(s["metadata"]["labels"]["version"]))
    number = int(last["metadata"]["labels"]["version"]) + 1
    told = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(last["data"]["release"]))))
    told |= {"version": number, "info": told["info"] | {"status": "pending-upgrade"}}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(told).encode()))).decode()
    labels = last["metadata"]["labels"] | {"version": str(number), "status": "pending-upgrade"}
    meta = {"name": f"sh.helm.release.v1.opencost-ai.v{number}", "labels": labels}
    held = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta,
        "type": last["type"],
        "data": {"release": packed},
    }
    p.kubectl("create", "-f", "-", stdin=json.dumps(held))


@dataclass(frozen=True)
class Wound:
    """`typed` are the remedies to be typed, by number; what only watches, or installs anew, is not."""

    first: str
    make: Callable[[Patient], None]
    typed: tuple[int, ...] = (0,)
    then: Callable[[Patient], None] = lambda p: None


WOUNDS: dict[str, Wound] = {
    "the token's Secret is deleted": Wound("token-secret-missing", token_deleted),
    "a policy lets all out": Wound("egress-open", lets_out),
    "OpenCost's Service lost its port": Wound(
        "opencost-mcp-not-exposed", _hidden, (0, 1), lambda p: p.rolled("bridge")
    ),
    "OpenCost's pod was replaced": Wound(
        "bridge-session-lost", _replaced, (0,), lambda p: p.rolled("bridge")
    ),
    "a blob is cut short": Wound("model-truncated", _truncated, (0, 1), lambda p: p.rolled("ollama")),
    "the volume was emptied": Wound("model-absent", _emptied),
    "the model's manifest is gone": Wound("model-not-listed", _unlisted),
    "a release is held by a helm that was killed": Wound("release-stuck", _held, (0, 1)),
}

OTHERS: dict[str, str] = {
    "the gateway asks for another model": "model-name-mismatch",
    "every node is tainted": "nodes-tainted",
    "the cluster's DNS is not where the chart's rule looks": "dns-rule-matches",
    "nobody enforces NetworkPolicy": "cni-enforces-policy",
    "the API server is down": "cluster-unreachable",
}
"""What takes more than one step to provoke: a test of its own each."""
