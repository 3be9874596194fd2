"""Pods that no node takes: resources, taints, GPUs, selectors; and nodes that are away or under pressure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.cluster.port import Obj
from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.failures import failures
from wizard.diagnosis.scene import Scene, name_of
from wizard.engine.events import Remedy

_EXPLAINS = DOWN | {
    "pod-unschedulable",
    "claim-pending",
    "node-architectures",
    "nodes-fit-model",
    "pull-secret-refused",
    "model-load-failed",
}
_TAINT = re.compile(r"untolerated taint(?:\(s\))? ?\{([^}]*)\}")
_SHORT = re.compile(r"Insufficient ([\w./-]*\w)")


@dataclass(frozen=True, slots=True)
class _Waits:
    about: str
    words: str
    pod: Obj | None = None


def scheduling(scene: Scene) -> Iterator[Told]:
    """The scheduler's words decide; room before taints, since tainted nodes are usually meant to be."""
    nodes = list(_nodes(scene))
    yield from nodes
    away = any(isinstance(each, RootCause) and each.sure is not Sure.POSSIBLE for each in nodes)
    waiting = _waiting(scene)
    if not waiting:
        if scene.pods():
            yield RuledOut("no node takes a pod", "every pod of the release has its node")
        fit = scene.failed("nodes-fit-model")
        if fit is not None:
            yield _no_room(
                scene, [_Waits("check nodes-fit-model", f"{fit.title}; {fit.detail}")], ("memory",)
            )
        return
    groups: dict[str, list[_Waits]] = {}
    for each in waiting:
        groups.setdefault(_group(scene, each.words), []).append(each)
    for group, mine in groups.items():
        if group == "storage" or (group == "away" and away):
            continue  # the families of storage and nodes tell it
        if group == "gpu":
            yield _no_gpu(scene, mine)
        elif group == "room":
            short = unique(name for each in mine for name in _SHORT.findall(each.words))
            yield _no_room(scene, mine, short)
        elif group == "taint":
            yield _tainted(scene, mine)
        elif group == "choice":
            yield _no_choice(scene, mine)


def _waiting(scene: Scene) -> list[_Waits]:
    found = []
    for pod in scene.pods():
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                words = str(condition.get("message") or condition.get("reason") or "")
                found.append(_Waits(name_of(pod), words, pod))
    fault = scene.fault
    if found or fault is None or fault.code in ("preflight-failed", "verification-failed"):
        return found
    if "nodes are available" in fault.detail or "untolerated taint" in fault.detail:
        found.append(_Waits(f"the run's end: {fault.title}", fault.detail))
    return found


def _group(scene: Scene, words: str) -> str:
    if "Insufficient nvidia.com/gpu" in words:
        return "gpu"
    if "Insufficient" in words or "Too many pods" in words:
        return "room"
    if re.search(r"persistentvolumeclaim|PersistentVolume|volume node affinity", words, re.IGNORECASE):
        return "storage"
    if "node.kubernetes.io/" in words and re.search(r"not-ready|unreachable|pressure", words):
        return "away"
    if _TAINT.search(words):
        return "taint"
    if "untolerated taint" in words:
        # since 1.34 the scheduler does not say which
        ours = any(not key.startswith("node.kubernetes.io/") for key in _keys(scene))
        return "taint" if ours or not _keys(scene) else "away"
    return "choice"


def _keys(scene: Scene) -> list[str]:
    """Keys of the nodes' taints that keep pods away."""
    return [str(t.get("key")) for t in _on_nodes(scene) if t.get("effect") != "PreferNoSchedule"]


def _cause(
    code: str, title: str, mine: list[_Waits], *remedies: Remedy, sure: Sure = Sure.CERTAIN, rank: int = 20
) -> RootCause:
    proofs = tuple(Proof(each.about, each.words) for each in mine)
    return RootCause(
        code, title, sure, proofs, remedies, rank, unique(each.about for each in mine), _EXPLAINS
    )


def _who(mine: list[_Waits]) -> str:
    """The pods that wait."""
    return ", ".join(unique(each.about for each in mine))


def _no_room(scene: Scene, mine: list[_Waits], short: tuple[str, ...]) -> RootCause:
    what = " and ".join(short) or "room for one more pod"
    return _cause(
        "no-room-on-nodes",
        f"no node has {what} left for {_who(mine)}",
        mine,
        Remedy(
            "see what is promised on each node", "kubectl describe nodes | grep -A 8 'Allocated resources'"
        ),
        Remedy(
            "free or add a node, choose a smaller model, or lower the requests in a values file of your own "
            "(chart.overrides) and install again",
            scene.overriding,
        ),
    )


def _no_gpu(scene: Scene, mine: list[_Waits]) -> RootCause:
    return _cause(
        "no-gpu-free",
        f"no node has a free GPU (nvidia.com/gpu) for {_who(mine)}",
        mine,
        Remedy(
            "see which nodes offer one: without NVIDIA's device plugin none does",
            "kubectl get nodes -o custom-columns=NAME:.metadata.name,GPU:.status.allocatable.nvidia\\\\.com/gpu",
        ),
        Remedy("or run the model on CPUs", f"{scene.install} --set cluster.gpu=false"),
        rank=19,
    )


def _tainted(scene: Scene, mine: list[_Waits]) -> RootCause:
    taints = ", ".join(unique(t.strip() for each in mine for t in _TAINT.findall(each.words))) or _taints(
        scene
    )
    return _cause(
        "nodes-tainted",
        f"every node that could take {_who(mine)} is tainted: {taints}",
        mine,
        Remedy(
            "let the release tolerate the taint, in a values file of your own (chart.overrides): `ollama: {tolerations: "
            "[{key: KEY, operator: Exists}]}`, and so for bridge and gateway. Then install",
            scene.overriding,
        ),
        Remedy("or take it off a node that is meant for this", "kubectl describe nodes | grep -A 2 Taints"),
    )


def _on_nodes(scene: Scene) -> list[Obj]:
    return [t for node in scene.of("Node", "") for t in (node.get("spec") or {}).get("taints") or []]


def _taints(scene: Scene) -> str:
    return (
        ", ".join(unique(f"{t.get('key')}: {t.get('value', '')}".rstrip(": ") for t in _on_nodes(scene)))
        or "see the nodes"
    )


def _no_choice(scene: Scene, mine: list[_Waits]) -> RootCause:
    return _cause(
        "no-node-chosen",
        f"no node is among those that {_who(mine)} may go to",
        mine,
        Remedy(
            "compare the nodes' labels with nodeSelector and affinity in chart.overrides",
            "kubectl get nodes --show-labels",
        ),
        Remedy("a cordoned node takes nothing new", "kubectl uncordon NODE"),
        sure=Sure.LIKELY,
    )


def _nodes(scene: Scene) -> Iterator[Told]:
    """Conditions of nodes, as far as they concern a pod of ours or a check."""
    good = 0
    for node in scene.of("Node", ""):
        name = str(node["metadata"]["name"])
        conditions = {c.get("type"): c for c in (node.get("status") or {}).get("conditions") or []}
        ready, disk = conditions.get("Ready") or {}, conditions.get("DiskPressure") or {}
        if disk.get("status") == "True":
            yield _disk(scene, name, Proof(f"node {name}", str(disk.get("message") or "DiskPressure")))
        elif ready.get("status", "True") != "True":
            yield _away(scene, name, ready)
        else:
            good += 1
    full = [f for f in failures(scene) if f.kind == "no-space"]
    for node_name in unique(f.node for f in full) or (("",) if full else ()):
        yield _disk(scene, node_name, *(f.proof for f in full if f.node == node_name))
    for pod in scene.pods():
        status = pod.get("status") or {}
        if status.get("reason") == "Evicted" and "ephemeral-storage" in str(status.get("message")):
            where = str((pod.get("spec") or {}).get("nodeName") or "")
            yield _disk(scene, where, Proof(name_of(pod), f"Evicted: {status['message']}"))
    if good and good == len(scene.of("Node", "")) and not full:
        yield RuledOut("a node is away or short of disk", f"all {good} nodes are Ready without pressure")


def _disk(scene: Scene, node: str, *proofs: Proof) -> RootCause:
    return RootCause(
        "node-disk-full",
        f"the disk of node {node or '?'} is full",
        Sure.CERTAIN,
        proofs,
        (
            Remedy("on that node, remove images that nothing uses", "crictl rmi --prune"),
            Remedy(
                "then see that the condition goes",
                f"kubectl describe node {node or 'NODE'} | grep DiskPressure",
            ),
        ),
        8,
        (f"node {node}",),
        _EXPLAINS | {"nodes-reach-registry", "image-pull-failed", "nodes-tainted", "node-disk-pressure"},
    )


def _away(scene: Scene, node: str, ready: dict[str, object]) -> RootCause:
    """Certain to matter only where something of ours is on it, or a check has met it."""
    mine = [name_of(p) for p in scene.pods() if (p.get("spec") or {}).get("nodeName") == node]
    check = scene.failed("nodes-reach-registry")
    met = check is not None and node in str(check.evidence.get("nodes"))
    words = f"{ready.get('reason') or 'NotReady'}: {ready.get('message') or 'no word from its kubelet'}"
    return RootCause(
        "node-not-ready",
        f"node {node} is not Ready: its kubelet does not answer, and nothing starts or stops there",
        Sure.CERTAIN if mine or met else Sure.POSSIBLE,
        (Proof(f"node {node}", words),),
        (
            Remedy("on that node, see why", "systemctl status kubelet containerd"),
            Remedy("until then, let nothing be planned there", f"kubectl cordon {node}"),
        ),
        8,
        tuple(mine),
        _EXPLAINS
        | {
            "nodes-reach-registry",
            "image-pull-failed",
            "clocks-agree",
            "clock-wrong",
            "registry-timeout-from-node",
        },
    )
