"""Nodes: what they have, what they are, and what is promised to pods already."""

from collections import defaultdict
from dataclasses import dataclass

from wizard.cluster.objects.names import INSTANCE, Names
from wizard.cluster.port import Obj
from wizard.facts.base import Sources
from wizard.facts.fetch import names
from wizard.facts.quantity import number, whole


@dataclass(frozen=True, slots=True)
class Node:
    """One node. Bytes and CPUs are allocatable; `promised` is the memory that its pods request."""

    name: str
    arch: str
    os: str = "linux"
    cpus: float = 0.0
    memory: int = 0
    promised: int = 0
    gpus: int = 0
    gpu_memory: int = 0
    disk: int = 0
    taints: tuple[str, ...] = ()
    ready: bool = True
    cordoned: bool = False

    @property
    def schedulable(self) -> bool:
        """Whether a pod without tolerations can come here."""
        return self.ready and not self.cordoned and not self.taints


@dataclass(frozen=True, slots=True)
class Nodes:
    """All of them, by name."""

    nodes: tuple[Node, ...]


def gather_nodes(sources: Sources) -> Nodes:
    """Read nodes and the requests of running pods."""
    promised: dict[str, int] = defaultdict(int)
    where = names(sources)
    for pod in sources.cluster.list("Pod"):
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed") or _own(pod, where):
            continue
        for container in (pod.get("spec") or {}).get("containers") or []:
            wants = (container.get("resources") or {}).get("requests") or {}
            promised[(pod.get("spec") or {}).get("nodeName", "")] += whole(wants.get("memory"))
    nodes = [_node(each, promised) for each in sources.cluster.list("Node")]
    return Nodes(tuple(sorted(nodes, key=lambda node: node.name)))


def _own(pod: Obj, where: Names) -> bool:
    """What the release itself was promised is not in its own way."""
    meta = pod["metadata"]
    same = (meta.get("labels") or {}).get(INSTANCE) == where.release
    return same and meta.get("namespace") == where.namespace


def _node(obj: Obj, promised: dict[str, int]) -> Node:
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    has, info = status.get("allocatable") or {}, status.get("nodeInfo") or {}
    labels = meta.get("labels") or {}
    conditions = {c.get("type"): c.get("status") for c in status.get("conditions") or []}
    name = str(meta["name"])
    return Node(
        name=name,
        arch=str(info.get("architecture") or labels.get("kubernetes.io/arch", "")),
        os=str(info.get("operatingSystem") or labels.get("kubernetes.io/os") or "linux"),
        cpus=float(number(has.get("cpu"))),
        memory=whole(has.get("memory")),
        promised=promised.get(name, 0),
        gpus=whole(has.get("nvidia.com/gpu")),
        # the label of NVIDIA's feature discovery, in MiB for each GPU
        gpu_memory=whole(labels.get("nvidia.com/gpu.memory")) * 1024 * 1024,
        disk=whole(has.get("ephemeral-storage")),
        taints=tuple(
            f"{taint.get('key')}:{taint.get('effect')}"
            for taint in spec.get("taints") or []
            if taint.get("effect") in ("NoSchedule", "NoExecute")
        ),
        ready=conditions.get("Ready", "True") == "True",
        cordoned=bool(spec.get("unschedulable")),
    )
