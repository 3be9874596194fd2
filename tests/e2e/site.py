"""A whole site for journeys: public registries, a model, OpenCost, an account with the shipped roles, an answers file.

What is installed are stand-ins (tests/e2e/standins) and the real Ollama; everything else is real.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.cluster.cluster import OUTSIDE_IP, Cluster
from tests.e2e.probe import push_probe
from tests.real.images import Image, push_image
from tests.real.ollama import LICENCE, SYSTEM, Ollama
from tests.real.process import wait_until
from tests.real.programs import ollama_image, programs_image
from tests.real.registry import Registry
from tests.real.run import run
from tests.real.tiny_gguf import write_tiny_gguf
from tests.real.tools import tool
from wizard.engine.codec import decode
from wizard.engine.events import Ended, Event, Fault, Finding, Found, Grade, Move, Moved, Said

ROOT = Path(__file__).parents[2]
MODEL = "tiny-costs:1.0"
COSTS = "namespace kube-system: 41.72 USD, namespace payments: 128.40 USD"
KNOWN_TO_OPENCOST = "128.40"
ACCOUNT = "airgap-wizard"
# with a place for tools, or Ollama refuses them: "does not support tools"
TEMPLATE = "{{ if .System }}{{ .System }} {{ end }}{{ if .Tools }}{{ .Tools }} {{ end }}{{ range .Messages }}{{ .Content }} {{ end }}"
_PUBLIC = {
    "gateway": "opencost/opencost-ai-gateway:v0.1.0",
    "bridge": "jonigl/ollama-mcp-bridge:v0.2.0",
    "ollama": "ollama/ollama:0.30.8",
    "probe": "opencost/airgap-probe:0.1.0",
}
_PROGRAMS = {"gateway": "/gateway", "bridge": "/.venv/bin/ollama-mcp-bridge", "opencost": "/opencost"}


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    code: int
    events: list[Event]
    said: str
    folder: Path

    @cached_property
    def ends(self) -> dict[str, Ended]:
        """How each step ended."""
        return {e.step: e for e in self.events if isinstance(e, Ended) and e.step}

    @property
    def outcomes(self) -> dict[str, str]:
        """Step → outcome."""
        return {step: str(end.outcome) for step, end in self.ends.items()}

    @property
    def evidence(self) -> dict[str, Any]:
        """Step → evidence."""
        return {step: end.evidence for step, end in self.ends.items()}

    @property
    def findings(self) -> dict[str, Finding]:
        """Check → its last finding."""
        return {e.finding.check: e.finding for e in self.events if isinstance(e, Found)}

    def graded(self, grade: Grade) -> set[str]:
        """Checks of a grade."""
        return {check for check, finding in self.findings.items() if finding.grade is grade}

    @property
    def problem(self) -> Fault:
        """The problem of the step that failed."""
        found = next((end.problem for end in self.ends.values() if end.problem), None)
        assert found, self.story
        return found

    @property
    def moved(self) -> int:
        """Bytes that really went anywhere."""
        copied = (Move.COPIED, Move.MOUNTED)
        return sum(e.done for e in self.events if isinstance(e, Moved) and e.move in copied)

    @property
    def heard(self) -> str:
        """Everything that was said to people."""
        return "\n".join(e.text for e in self.events if isinstance(e, Said))

    @property
    def story(self) -> str:
        """What happened, for whoever reads a failing test."""
        rows = []
        for e in self.events:
            if isinstance(e, Ended) and e.step:
                rows.append(f"{e.step}: {e.outcome} in {e.seconds:.1f} s {e.problem or ''}")
            elif isinstance(e, Found) and e.finding.grade is not Grade.PASS:
                rows.append(f"  {e.finding.grade} {e.finding.check}: {e.finding.title} | {e.finding.detail}")
            elif isinstance(e, Said):
                rows.append(f"  - {e.text}")
        return "\n".join(rows) + f"\nexit {self.code}\n{self.said}"


@dataclass(frozen=True)
class Site:
    """Everything that journeys need. `folder` is the caller's; `public` plays ghcr.io and docker.io."""

    cluster: Cluster
    public: Registry
    store: Path
    folder: Path
    helm: str = "helm3"
    env: Mapping[str, str] = field(default_factory=dict)

    def at(self, folder: Path, **changes: Any) -> "Site":
        """The same site, with files of a test's own."""
        return replace(self, folder=folder, **changes)

    @cached_property
    def kubeconfig(self) -> Path:
        """Of the account that has the shipped roles and no others."""
        return self.folder / "kubeconfig"

    # --- preparing

    def answers(self, namespace: str, **changes: Any) -> Path:
        """Write an answers file; CHANGES are `section__key=value`."""
        registry = self.cluster.registry
        images = {name: f"{self.public.host}/{where}" for name, where in _PUBLIC.items()}
        whole: dict[str, Any] = {
            "apiVersion": "airgap-wizard/v1",
            "journey": "install",
            "images": images,
            "registry": {
                "host": registry.host,
                "username": registry.user,
                "password": "env:REGISTRY_PASSWORD",
                "caFile": str(registry.ca_file),
            },
            "model": {"name": MODEL, "store": str(self.store), "licenceConfirmed": True},
            "cluster": {
                "kubeconfig": str(self.kubeconfig),
                "namespace": namespace,
                "storageClass": "local-path",
                "volumeSize": "1Gi",
            },
            "chart": {"source": str(ROOT / "assets" / "chart" / "opencost-ai"), "timeout": "3m"},
            "proof": {"expect": KNOWN_TO_OPENCOST, "outside": [f"{OUTSIDE_IP}:8080", "1.1.1.1:443"]},
        }
        for key, value in changes.items():
            section, _, name = key.partition("__")
            whole[section][name] = value
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "answers.yaml"
        path.write_text(yaml.safe_dump(whole, sort_keys=False))
        return path

    def account(self, *namespaces: str) -> None:
        """A ServiceAccount with the shipped ClusterRole and, for these namespaces, the shipped Role."""
        text = (ROOT / "assets" / "manifests" / "rbac.yaml").read_text()
        roles = []
        for role in yaml.safe_load_all(text):
            spaces = namespaces if role["kind"] == "Role" else [""]
            roles += [{**role, "metadata": {**role["metadata"], "namespace": space}} for space in spaces]
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}
        bindings = []
        for role in roles:
            meta = {key: value for key, value in role["metadata"].items() if key in ("name", "namespace")}
            ref = {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": role["metadata"]["name"],
            }
            kind = role["kind"] + "Binding"
            api = "rbac.authorization.k8s.io/v1"
            bindings.append(
                {"apiVersion": api, "kind": kind, "metadata": meta, "roleRef": ref, "subjects": [subject]}
            )
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in namespaces]
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": "default"},
        }
        objects = json.dumps(
            {"apiVersion": "v1", "kind": "List", "items": [*spaces, account, *roles, *bindings]}
        )
        self.cluster.kubectl("apply", "-f", "-", stdin=objects)
        token = self.cluster.kubectl("-n", "default", "create", "token", ACCOUNT, "--duration=4h").strip()
        admin = yaml.safe_load(self.cluster.kubeconfig.read_text())
        server = admin["clusters"][0]
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [server],
            "users": [{"name": ACCOUNT, "user": {"token": token}}],
            "contexts": [{"name": "site", "context": {"cluster": server["name"], "user": ACCOUNT}}],
            "current-context": "site",
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(config))

    # --- running

    def wizard(self, *words: str | Path, seconds: float = 550) -> subprocess.CompletedProcess[str]:
        """Run the real program to its end."""
        return subprocess.run(
            [sys.executable, "-m", "wizard", *map(str, words)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """As automation has it: nothing of this machine's but the PATH."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRGAP_WIZARD_STATE": str(self.folder / "state"),
            "AIRGAP_WIZARD_HELM": str(tool(self.helm)),
            "REGISTRY_PASSWORD": self.cluster.registry.password,
            **self.env,
        }

    def run(self, answers: Path, *words: str, command: str = "run", seconds: float = 550) -> Ran:
        """`run --answers-file` (or another command of that kind), with its events."""
        number = len(list(self.folder.glob("run-*")))
        folder = self.folder / f"run-{number}"
        done = self.wizard(
            command,
            "--answers-file",
            answers,
            "--format",
            "jsonl",
            "--run-dir",
            folder,
            *words,
            seconds=seconds,
        )
        events = [decode(json.loads(line)) for line in done.stdout.splitlines()]
        return Ran(done.returncode, [e for e in events if e], done.stderr, folder)

    # --- looking

    def pods(self, namespace: str, component: str) -> list[dict[str, Any]]:
        """Pods of a component; a probe of the wizard's bears such labels for a moment, and is none."""
        selector = f"app.kubernetes.io/component={component},!airgap-wizard/purpose"
        found: list[dict[str, Any]] = self.cluster.get("pods", "-n", namespace, "-l", selector)["items"]
        return found

    def kubectl(self, *words: str, check: bool = True) -> str:
        """kubectl as the account that the wizard runs as."""
        return run("kubectl", *words, env={"KUBECONFIG": str(self.kubeconfig)}, check=check).stdout

    def nothing_left(self, namespace: str) -> None:
        """Wait until all that runs put into the cluster for a moment is gone, or say what is not."""

        def left() -> list[str]:
            ours = "airgap-wizard/purpose"
            kinds = ("pods", "networkpolicies", "secrets", "configmaps", "persistentvolumeclaims")
            found = [
                i for kind in kinds for i in self.cluster.get(kind, "-n", namespace, "-l", ours)["items"]
            ]
            found += self.cluster.get("namespaces", "-l", ours)["items"]
            return [
                f"{i['kind']}/{i['metadata']['name']}"
                for i in found
                if not i["metadata"].get("deletionTimestamp")
            ]

        assert left() == []

        def gone() -> bool:
            return not self.cluster.get("namespaces", "-l", "airgap-wizard/purpose")["items"]

        wait_until(gone, "scratch namespaces gone", 60)


def site_of(cluster: Cluster, public: Registry, ollama: Ollama, folder: Path) -> Site:
    """Push the images to the public side, make the model, bring OpenCost up."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("gateway", "bridge"):
        repository, _, tag = _PUBLIC[name].partition(":")
        push_image(stand_in(folder / name, name), public, repository, tag)
    repository, _, tag = _PUBLIC["ollama"].partition(":")
    push_image(ollama_image(folder / "ollama"), public, repository, tag)
    repository, _, tag = _PUBLIC["probe"].partition(":")
    push_probe(folder / "probe", public, repository, tag)
    _model(ollama, folder / "model")
    site = Site(cluster, public, ollama.store, folder)
    opencost(site)
    return site


def stand_in(folder: Path, name: str) -> Image:
    """The image of one of tests/e2e/standins, for both platforms."""
    files = {
        f"linux/{arch}": {_PROGRAMS[name]: tool(f"standin-{name}-{arch}")} for arch in ("amd64", "arm64")
    }
    return programs_image(folder, files, [_PROGRAMS[name]])


def _model(ollama: Ollama, folder: Path) -> None:
    """A model that admits tools, made by the real `ollama create`."""
    folder.mkdir(parents=True, exist_ok=True)
    gguf = write_tiny_gguf(folder / "tiny.gguf", 7)
    lines = [
        f"FROM {gguf}",
        f'TEMPLATE """{TEMPLATE}"""',
        f'SYSTEM """{SYSTEM}"""',
        f'LICENSE """{LICENCE}"""',
    ]
    lines += ["PARAMETER temperature 0", "PARAMETER num_predict 8"]
    (folder / "Modelfile").write_text("\n".join(lines))
    ollama.command("create", MODEL, "-f", folder / "Modelfile")


def opencost(site: Site, *, namespace: str = "opencost", mcp: bool = True, version: str = "1.118.0") -> None:
    """OpenCost's stand-in from the site's own registry, and wait until it answers."""
    cluster = site.cluster
    image = stand_in(site.folder / "opencost-image", "opencost")
    push_image(image, cluster.registry, "opencost/opencost", version)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    secret = cluster.pull_secret(namespace)
    labels = {"app.kubernetes.io/name": "opencost"}
    env = {"VERSION": version, "COSTS": COSTS, "MCP_SERVER_ENABLED": "true" if mcp else "false"}
    container = {
        "name": "opencost",
        "image": cluster.registry.reference("opencost/opencost", version),
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 9003}, "periodSeconds": 1},
    }
    pod = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [container],
            "imagePullSecrets": [{"name": secret}],
            "terminationGracePeriodSeconds": 0,
        },
    }
    ports = [{"name": "api", "port": 9003}, {"name": "mcp", "port": 8081}]
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "opencost"},
            "spec": {"selector": {"matchLabels": labels}, "strategy": {"type": "Recreate"}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "opencost"},
            "spec": {"selector": labels, "ports": ports},
        },
        namespace=namespace,
    )
    cluster.kubectl("-n", namespace, "rollout", "status", "deployment/opencost", "--timeout=60s")


@contextmanager
def own_namespace(site: Site, name: str) -> Iterator[str]:
    """A namespace with the account's Role in it; gone, volumes and all, before the block ends."""
    site.account(name)
    try:
        yield name
    finally:
        site.cluster.kubectl("delete", "namespace", name, "--wait=true", "--timeout=120s", check=False)
        wait_until(lambda: not _volumes(site, name), f"volumes of {name} gone", 60)


def _volumes(site: Site, namespace: str) -> list[str]:
    found = site.cluster.get("pv")["items"]
    return [
        v["metadata"]["name"]
        for v in found
        if (v["spec"].get("claimRef") or {}).get("namespace") == namespace
    ]
