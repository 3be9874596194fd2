"""What is found rather than asked: contexts, StorageClasses, registries, models, bundles, charts.

Each finder takes the answers so far and returns what it found, the likeliest first. They read files and ask the
cluster; nothing is changed, no secret is read (of docker's config.json only the names of its hosts).
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from screens.session import Found
from wizard.answers.model import Answers

_LARGEST = 1 << 20
_MEDIA = ("/media", "/run/media", "/mnt")
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def kubeconfigs(answers: Answers) -> list[Found]:
    """$KUBECONFIG's files, ~/.kube/config, and those of k3s, RKE2 and kubeadm."""
    named = [Path(p) for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    usual = [
        Path.home() / ".kube" / "config",
        Path("/etc/rancher/k3s/k3s.yaml"),
        Path("/etc/rancher/rke2/rke2.yaml"),
        Path("/etc/kubernetes/admin.conf"),
    ]
    found = [Found(str(p), "$KUBECONFIG") for p in named if _readable(p)]
    found += [Found(str(p), "its usual place") for p in usual if _readable(p) and p not in named]
    return found


def contexts(answers: Answers) -> list[Found]:
    """The contexts of the kubeconfig that the answers name, the current one first."""
    import yaml

    path = answers.cluster.kubeconfig
    if path is None or not _readable(path):
        return []
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        current = data.get("current-context", "")
        names = [str(c["name"]) for c in data.get("contexts") or []]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, UnicodeDecodeError):
        return []
    ordered = sorted(names, key=lambda n: n != current)
    return [Found(n, f"current context of {path}" if n == current else str(path)) for n in ordered]


def storage_classes(answers: Answers) -> list[Found]:
    """Of the real cluster: those that are no default first, as an explicit class is asked for either way."""
    from wizard.real import RealWorld

    world = RealWorld(None)
    found = []
    for obj in world.cluster(answers).list("StorageClass"):
        marks = obj["metadata"].get("annotations") or {}
        default = ", the default class" if marks.get(_DEFAULT_CLASS) == "true" else ""
        found.append(Found(str(obj["metadata"]["name"]), f"{obj.get('provisioner', '')}{default}"))
    return found


def namespaces(answers: Answers) -> list[Found]:
    """Namespaces that have a Service of OpenCost."""
    from wizard.real import RealWorld

    services = RealWorld(None).cluster(answers).list("Service")
    wanted = [
        s for s in services if "opencost" in str(s["metadata"]["name"]) and "ai" not in s["metadata"]["name"]
    ]
    names = dict.fromkeys(str(s["metadata"]["namespace"]) for s in wanted)
    return [Found(n, "has a Service named opencost") for n in names]


def registries(answers: Answers) -> list[Found]:
    """Hosts that docker or podman have credentials for; public ones are no internal registry."""
    public = (
        "docker.io",
        "index.docker.io",
        "ghcr.io",
        "quay.io",
        "gcr.io",
        "registry.k8s.io",
        "public.ecr.aws",
    )
    found: dict[str, Found] = {}
    for path in _docker_configs():
        try:
            if path.stat().st_size > _LARGEST:
                continue
            data = json.loads(path.read_text(encoding="utf-8"))
            hosts = [*(data.get("auths") or {}), *(data.get("credHelpers") or {})]
        except (OSError, ValueError, AttributeError, TypeError):
            continue
        for key in hosts:
            host = str(key).removeprefix("https://").removeprefix("http://").partition("/")[0]
            if host and host not in public:
                found.setdefault(host, Found(host, f"has credentials in {path}"))
    return list(found.values())


def models(answers: Answers) -> list[Found]:
    """Names of the models in the local Ollama store."""
    from wizard.model.store import find_store, model_names

    store = find_store(answers.model.store)
    return [Found(str(name), f"in {store}") for name in model_names(store)]


def bundles(answers: Answers) -> list[Found]:
    """Bundles on mounted media and in the current folder, the newest first."""
    return [
        Found(str(p), "on mounted media" if p.is_relative_to("/media") else "") for p in _files("*.airgap")
    ]


def charts(answers: Answers) -> list[Found]:
    """Charts on mounted media and in the current folder, the newest first."""
    return [Found(str(p)) for p in _files("opencost-ai*.tgz")]


def _files(pattern: str) -> list[Path]:
    """Files of that name up to two folders deep, where media are mounted and where we are."""

    def walk() -> Iterator[Path]:
        yield from Path.cwd().glob(pattern)
        for root in _MEDIA:
            for depth in ("", "*/", "*/*/"):
                yield from Path(root).glob(depth + pattern)

    try:
        return sorted({p.resolve() for p in walk() if p.is_file()}, key=lambda p: -p.stat().st_mtime)[:20]
    except OSError:
        return []


def _docker_configs() -> list[Path]:
    home = Path.home()
    places = [os.environ.get("REGISTRY_AUTH_FILE", ""), os.environ.get("DOCKER_CONFIG", "")]
    named = [Path(p) if p.endswith(".json") else Path(p) / "config.json" for p in places if p]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = [home / ".docker" / "config.json", home / ".config" / "containers" / "auth.json"]
    if runtime:
        usual.append(Path(runtime) / "containers" / "auth.json")
    return list(dict.fromkeys([*named, *usual]))


def _readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)


FINDERS: dict[str, Callable[[Answers], Sequence[Found]]] = {
    "cluster.kubeconfig": kubeconfigs,
    "cluster.context": contexts,
    "cluster.storageClass": storage_classes,
    "cluster.opencostNamespace": namespaces,
    "registry.host": registries,
    "model.name": models,
    "media.bundle": bundles,
    "chart.source": charts,
}


def rehearsed(name: str) -> dict[str, Callable[[Answers], Sequence[Found]]]:
    """The same for a simulated site: from its description, so that nothing of this machine is mixed in."""
    from wizard.rehearsal.loader import load

    described = load(name)
    classes = [Found(c.name, c.provisioner) for c in described.storage_classes]
    carried = [Found(m.name, "in the rehearsed Ollama store") for m in described.source.models]
    host = described.registry.host or "registry.internal.example"
    return {
        "cluster.storageClass": lambda answers: classes,
        "model.name": lambda answers: carried,
        "registry.host": lambda answers: [Found(host, "the site's own registry")],
    }
