"""A cluster as a dictionary, for gatherers: it keeps what is applied and lets a test say what pods print."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from wizard.answers.model import Answers, Journey
from wizard.answers.sections.cluster import Cluster as ClusterAnswers
from wizard.answers.sections.registry import Registry
from wizard.cluster.port import Obj, PodResult, Release
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.engine.stop import Stop
from wizard.facts.base import Sources
from wizard.oci.sites import Site, Sites

DIGEST = "sha256:" + "a" * 64
HOST = "registry.internal.example"
IMAGES = {
    name: {
        "source": f"ghcr.io/x/{name}:1",
        "target": f"{HOST}/opencost-ai/{name}:1",
        "digest": "sha256:" + letter * 64,
        "platforms": ["linux/amd64", "linux/arm64"],
        "bytes": 1000,
    }
    for name, letter in (("gateway", "1"), ("bridge", "2"), ("ollama", "3"), ("probe", "a"))
}
RECORDED: dict[str, Any] = {
    "mirror-images": {"images": IMAGES},
    "carry-model": {
        "models": {
            "granite4.1:8b": {
                "reference": f"{HOST}/ollama-model/granite4.1-8b:latest",
                "digest": "sha256:" + "b" * 64,
                "bytes": 5_000_000_000,
            }
        }
    },
}


def answers(**cluster: Any) -> Answers:
    return Answers(
        journey=Journey.INSTALL,
        registry=Registry(host=HOST, username="airgap"),
        cluster=ClusterAnswers(**{"storage_class": "fast", **cluster}),
    )


def merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    return deepcopy(new)


class FakeCluster:
    """Objects by (kind, namespace, name). `on_run`, `on_exec`, `on_debug` say what probes print."""

    def __init__(self, *objects: Obj) -> None:
        self.objects: dict[tuple[str, str, str], Obj] = {}
        self.applied: list[Obj] = []
        self.deleted: list[tuple[str, str, str]] = []
        self.refuse: dict[str, Problem] = {}
        self.on_run: Callable[[Obj], PodResult] = lambda pod: PodResult(0, "")
        self.on_exec: Callable[[str, list[str]], PodResult] = lambda pod, command: PodResult(0, "")
        self.on_debug: Callable[[str, Obj], PodResult] = lambda pod, container: PodResult(0, "")
        self.on_apply: Callable[[Obj, bool], Obj] = lambda obj, dry: obj
        self.on_logs: Callable[[str, str], str] = lambda pod, container: ""
        self.no: set[str] = set()
        for each in objects:
            self.put(each)

    def put(self, obj: Obj) -> None:
        meta = obj["metadata"]
        self.objects[obj["kind"], meta.get("namespace", ""), meta["name"]] = deepcopy(obj)

    def version(self) -> str:
        return "v1.34.4"

    def list(self, kind: str, namespace: Any = None, labels: Any = None) -> list[Obj]:
        if f"list {kind}" in self.refuse:
            raise self.refuse[f"list {kind}"]
        return [
            deepcopy(obj)
            for (k, ns, _), obj in sorted(self.objects.items())
            if k == kind
            and (namespace is None or ns == namespace)
            and (labels or {}).items() <= (obj["metadata"].get("labels") or {}).items()
        ]

    def get(self, kind: str, name: str, namespace: Any = None) -> Obj | None:
        return deepcopy(self.objects.get((kind, namespace or "", name)))

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        return self.on_logs(pod, container)

    def may(self, verb: str, kind: str, namespace: Any = None) -> bool | None:
        return f"{verb} {kind}" not in self.no

    def me(self) -> str:
        return "system:serviceaccount:ops:wizard"

    def apply(self, obj: Obj, *, dry: bool = False) -> Obj:
        if f"apply {obj['kind']}" in self.refuse:
            raise self.refuse[f"apply {obj['kind']}"]
        made = self.on_apply(deepcopy(obj), dry)
        if dry:
            return made
        self.applied.append(deepcopy(obj))
        meta = made["metadata"]
        old = self.objects.get((made["kind"], meta.get("namespace", ""), meta["name"]))
        if made["kind"] == "Pod":
            made = made | {"status": {"phase": "Running", "podIP": "10.1.2.3"}}
        self.put(merged(old, made) if old else made)
        return made

    def delete(self, kind: str, name: str, namespace: Any = None, *, orphan: bool = False) -> bool:
        self.deleted.append((kind, namespace or "", name))
        if kind == "Namespace":
            for key in [key for key in self.objects if key[1] == name]:
                del self.objects[key]
        return self.objects.pop((kind, namespace or "", name), None) is not None

    def run_pod(
        self, pod: Obj, *, timeout: float, stop: Stop, output: Any = None, keep: bool = False
    ) -> PodResult:
        stop.check()
        result = self.on_run(deepcopy(pod))
        for line in result.output.splitlines() if output else ():
            output(line)
        return result

    def debug(self, pod: str, namespace: str, container: Obj, *, timeout: float, stop: Stop) -> PodResult:
        return self.on_debug(pod, deepcopy(container))

    def exec(self, pod: str, namespace: str, container: str, command: Any, *, timeout: float) -> PodResult:
        return self.on_exec(pod, list(command))


class FakeHelm:
    def __init__(self, release: Release | None = None) -> None:
        self.found = release

    def release(self, name: str, namespace: str) -> Release | None:
        return self.found


class QuickStop(Stop):
    """Waits for nothing."""

    def wait(self, seconds: float) -> None:
        self.check()


def sources(cluster: FakeCluster, **more: Any) -> Sources:
    site = Site(HOST, f"https://{HOST}", username="airgap", password=Secret("s3cret-word"))
    # nothing in these tests may look for a public registry
    nowhere = {host: Site(host, "http://127.0.0.1:1", anonymous=True) for host in ("ghcr.io", "docker.io")}
    given: dict[str, Any] = {
        "answers": answers(),
        "helm": FakeHelm(),
        "recorded": RECORDED,
        "folder": Path(),
        "sites": Sites(nowhere | {HOST: site}),
    }
    return Sources(cluster=cluster, stop=QuickStop(), **(given | more))


def node(name: str, memory: str = "16Gi", arch: str = "amd64", **spec: Any) -> Obj:
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "3500m", "memory": memory, "ephemeral-storage": "100Gi"},
            "nodeInfo": {"architecture": arch, "operatingSystem": "linux"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def storage_class(name: str = "fast", **more: Any) -> Obj:
    return {
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "csi.example",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    } | more
