"""nodes-fit-model: some node has the memory, and the GPU where one is wanted, that the model needs (S1.47, S1.49)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.checks.floors import memory_floor
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.cargo import Cargo
from wizard.facts.nodes import Node, Nodes
from wizard.facts.quantity import human
from wizard.facts.wanted import Wanted

UNPACKED = 3
"""An image's layers lie on a node compressed and unpacked: about three times what is carried."""


class NodesFitModel(Check):
    """FAIL where no node can hold the largest model; WARN where one could, were it not busy."""

    id = "nodes-fit-model"
    title = "A node fits the model"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Wanted, Nodes)
    helped_by = (Cargo,)
    seed = "S1.49"

    def judge(self, facts: Facts) -> Finding:
        """The largest model counts; with a GPU wanted, its memory counts where the node tells it."""
        wanted, nodes = facts.get(Wanted), facts.get(Nodes)
        assert not isinstance(wanted, Unknown) and not isinstance(nodes, Unknown)
        cargo = facts.get(Cargo)
        sizes = {} if isinstance(cargo, Unknown) else dict(cargo.models)
        floors = {model: memory_floor(model, sizes.get(model, 0)) for model in wanted.models}
        gpu = wanted.answers.cluster.gpu
        shown = {
            "floors": floors,
            "gpu": gpu,
            "nodes": {
                n.name: {"memory": n.memory, "gpus": n.gpus, "schedulable": n.schedulable}
                for n in nodes.nodes
            },
        }
        unknown = [model for model, floor in floors.items() if not floor]
        if unknown:
            return self.found(
                Grade.UNKNOWN,
                f"how much memory {', '.join(unknown)} needs is not known",
                shown,
                Remedy("name the model with its size (NAME:8b), or have the model's store at hand"),
            )
        model, floor = max(floors.items(), key=lambda item: item[1])
        usable = [n for n in nodes.nodes if n.schedulable and n.os == "linux" and (n.gpus or not gpu)]
        images = 0 if isinstance(cargo, Unknown) else _on_a_node(cargo)
        fitting = [n for n in usable if _room(n, gpu) >= floor and (not n.disk or n.disk >= images)]
        need = f"{model} needs {human(floor)}" + (" and a GPU" if gpu else "")
        need += f", the images {human(images)} of disk" if images else ""
        if not fitting:
            return self.found(
                Grade.FAIL,
                f"no node fits: {need}",
                shown,
                Remedy(
                    "add or free a node of that size, or choose a smaller model", "kubectl describe nodes"
                ),
                detail=_why(nodes.nodes, gpu, images),
            )
        if not gpu and not any(n.memory - n.promised >= floor for n in fitting):
            busy = ", ".join(f"{n.name}: {human(max(0, n.memory - n.promised))} free" for n in fitting)
            return self.found(
                Grade.WARN,
                f"{need}; a node is that large, none has that much unpromised",
                shown,
                Remedy("move other pods away, or lower their requests", "kubectl describe nodes"),
                detail=busy,
            )
        return self.found(Grade.PASS, f"{need}; {', '.join(n.name for n in fitting)} fits", shown)


def _on_a_node(cargo: Cargo) -> int:
    """Bytes that the images take on a node: it pulls one platform of each."""
    parts = (size // max(1, len(cargo.platforms.get(name, ()))) for name, size in cargo.images.items())
    return sum(parts) * UNPACKED


def _room(node: Node, gpu: bool) -> int:
    return node.gpu_memory if gpu and node.gpu_memory else node.memory


def _why(nodes: tuple[Node, ...], gpu: bool, images: int) -> str:
    said = []
    for node in nodes:
        if not node.ready:
            said.append(f"{node.name} is not Ready")
        elif node.cordoned:
            said.append(f"{node.name} is cordoned")
        elif node.taints:
            said.append(f"{node.name} is tainted {', '.join(node.taints)}")
        elif gpu and not node.gpus:
            said.append(f"{node.name} offers no nvidia.com/gpu")
        elif node.disk and node.disk < images:
            said.append(f"{node.name} has {human(node.disk)} of disk")
        else:
            said.append(f"{node.name} has {human(_room(node, gpu))}")
    return "; ".join(said) or "there are no nodes"
