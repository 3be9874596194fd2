"""What is collected from inside: the ends of logs, and two looks into Ollama's pod that change nothing."""

import json
from collections.abc import Iterable, Sequence

from wizard.cluster.objects.names import STORE, Names
from wizard.cluster.port import Cluster, Obj, Reader
from wizard.cluster.probes.placement import ollama_pod
from wizard.model.names import ModelName
from wizard.support.collect import Basket, Collector
from wizard.support.objects import GATE

LINES = 1000
BYTES = 512 << 10
LONGEST = 16 << 10
"""Bytes of one line."""


def log_collectors(reader: Reader, namespace: str, opencost: str) -> list[Collector]:
    """Those of all containers of the namespace, and of OpenCost's own: found when the pods are known."""

    def find(space: str) -> Collector:
        def get(basket: Basket) -> None:
            for pod in reader.list("Pod", space)[:50]:
                for collector in _of_pod(reader, space, pod):
                    basket.also(collector)

        return Collector(f"cluster/{space}/logs", get, gate=GATE)

    return [find(space) for space in dict.fromkeys((namespace, opencost))]


def _of_pod(reader: Reader, space: str, pod: Obj) -> Iterable[Collector]:
    name = str(pod["metadata"]["name"])
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(key) or []:
            container = str(each.get("name", ""))
            begun = any(k in (each.get("state") or {}) for k in ("running", "terminated"))
            if begun or each.get("restartCount"):
                yield _log(reader, space, name, container, previous=False)
            if each.get("restartCount"):
                yield _log(reader, space, name, container, previous=True)


def _log(reader: Reader, space: str, pod: str, container: str, *, previous: bool) -> Collector:
    path = f"cluster/{space}/logs/{pod}/{container}{'.previous' if previous else ''}.log"

    def get(basket: Basket) -> None:
        text = reader.logs(pod, space, container, previous=previous, tail=LINES)
        basket.put(path, "".join(shortened(line) for line in text.splitlines(keepends=True)), tail=True)

    return Collector(path, get, most=BYTES, gate=GATE)


def shortened(line: str) -> str:
    """A line of bearable length."""
    if len(line) <= LONGEST:
        return line
    return f"{line[:LONGEST]} … [{len(line) - LONGEST} characters left out]\n"


def look_collectors(cluster: Cluster, names: Names, models: Sequence[str]) -> list[Collector]:
    """What Ollama lists, and what lies in its store. An image without these programs says so, and that is a result."""
    manifests = f"{STORE}/manifests"
    looks = {
        "ollama-list": ["ollama", "list"],
        "ollama-blobs": ["ls", "-l", f"{STORE}/blobs"],
        **{
            f"ollama-manifest-{index}": ["cat", f"{manifests}/{ModelName.parse(model).path}"]
            for index, model in enumerate(models)
        },
    }
    return [_look(cluster, names, name, command) for name, command in looks.items()]


def _look(cluster: Cluster, names: Names, look: str, command: list[str]) -> Collector:
    def get(basket: Basket) -> None:
        pod = ollama_pod(cluster, names)
        if pod is None:
            return
        name, container = str(pod["metadata"]["name"]), str(pod["spec"]["containers"][0]["name"])
        done = cluster.exec(name, names.namespace, container, command, timeout=10)
        said = {"command": command, "exitCode": done.exit_code, "output": done.output[:BYTES]}
        basket.put(f"looks/{look}.json", json.dumps(said, ensure_ascii=False))

    return Collector(f"looks/{look}", get, gate=GATE)
