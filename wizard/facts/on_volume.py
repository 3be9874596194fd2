"""The models on the volume, every byte read back, and what Ollama itself lists (S1.27, S1.37)."""

from dataclasses import dataclass

from wizard.cluster.objects.names import Names
from wizard.cluster.port import Cluster
from wizard.cluster.probes.placement import ollama_pod
from wizard.cluster.probes.volume_store import carried_layers, read_store
from wizard.engine.problems import Problem
from wizard.facts.base import Sources
from wizard.facts.fetch import names, probe_image, pull_config


@dataclass(frozen=True, slots=True)
class Lying:
    """One model there. `same` = exactly the layers of the artefact in the registry; None = not compared."""

    model: str
    outcome: str
    layers: tuple[str, ...]
    same: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OnVolume:
    """`listed` is what `ollama list` printed; None where Ollama could not be asked."""

    volume: str
    models: tuple[Lying, ...]
    listed: tuple[str, ...] | None


def gather_on_volume(sources: Sources) -> OnVolume:
    """Reads all of it: the only proof that the weights are what they were."""
    where = names(sources)
    sources.say("the volume: reading every byte of the models back")
    held = read_store(
        sources.cluster,
        sources.stop,
        sources.answers,
        probe_image(sources),
        auth=pull_config(sources) is not None,
        values={},
    )
    carried = (sources.recorded.get("carry-model") or {}).get("models") or {}
    found = []
    for model, each in sorted(held.items()):
        same = None
        known = carried.get(model)
        if known and known.get("digest") and not sources.answers.model.preloaded:
            head, slash, tail = str(known["reference"]).partition("@")[0].rpartition("/")
            reference = f"{head}{slash}{tail.partition(':')[0]}@{known['digest']}"
            layers = carried_layers(sources.sites, sources.stop, reference)
            same = each.layers == layers if layers else None
        found.append(Lying(model, each.outcome, tuple(sorted(each.layers)), same, each.detail))
    return OnVolume(where.volume, tuple(found), _listed(sources.cluster, where))


def _listed(cluster: Cluster, where: Names) -> tuple[str, ...] | None:
    pod = ollama_pod(cluster, where)
    if pod is None:
        return None
    name, container = str(pod["metadata"]["name"]), str(pod["spec"]["containers"][0]["name"])
    try:
        result = cluster.exec(name, where.namespace, container, ["ollama", "list"], timeout=30)
    except Problem:
        return None
    if result.exit_code:
        return None
    rows = result.output.strip().splitlines()[1:]
    return tuple(row.split()[0] for row in rows if row.split())
