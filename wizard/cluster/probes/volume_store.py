"""What is on the model's volume, read back by a pod that mounts it; and what should be, from the artefact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.objects.loader import reader_pod
from wizard.cluster.objects.names import STORE, Names
from wizard.cluster.port import Cluster
from wizard.cluster.probes.guest import sweep_guests
from wizard.cluster.probes.placement import as_ollama, beside, ollama_pod
from wizard.cluster.probes.words import lines, said
from wizard.engine.stop import Stop
from wizard.oci.reference import Reference
from wizard.oci.sites import Sites
from wizard.oci.transport import Transport

_HOURS = 4 * 3600.0
_OLLAMA = "application/vnd.ollama.image."
_MODELFILE = _OLLAMA + "modelfile"


@dataclass(frozen=True, slots=True)
class Held:
    """A model as it lies there. `layers` are digests; `size` their bytes."""

    model: str
    outcome: str
    layers: frozenset[str]
    size: int = 0
    detail: str = ""

    def is_whole(self, wanted: frozenset[str] | None = None) -> bool:
        """Every byte as its digest says, and, where `wanted` is known, exactly these layers."""
        return self.outcome == "whole" and bool(self.layers) and (wanted is None or self.layers == wanted)

    def why(self) -> str:
        """In words, where it is not."""
        if self.outcome != "whole":
            return f"{self.outcome}: {self.detail}" if self.detail else self.outcome
        if not self.layers:
            return "its manifest names no layers"
        return "it is whole, and another version than the one in the registry"


def read_store(
    cluster: Cluster,
    stop: Stop,
    answers: Answers,
    image: str,
    *,
    auth: bool,
    values: Mapping[str, Any],
    verify: bool = True,
) -> dict[str, Held]:
    """The models on the volume, by name. Raises Problem where the pod cannot run, or cannot look."""
    names = Names.of(answers.cluster)
    sweep_guests(cluster, names)
    running = ollama_pod(cluster, names)
    words = ["store", "--store", STORE] + (["--verify"] if verify else [])
    place = beside(running) if running else as_ollama(dict(values))
    pod = reader_pod(answers, image, words, auth=auth, place=place)
    result = cluster.run_pod(pod, timeout=_HOURS, stop=stop)
    if result.exit_code:
        said(result, f"read {STORE} on {names.volume}")
    return {held.model: held for held in map(_held, lines(result.output)) if held.model}


def _held(line: Mapping[str, Any]) -> Held:
    layers = [layer for layer in line.get("layers") or [] if isinstance(layer, Mapping)]
    return Held(
        str(line.get("model", "")),
        str(line.get("outcome", "")),
        frozenset(str(layer.get("digest")) for layer in layers),
        sum(int(layer.get("size") or 0) for layer in layers),
        str(line.get("detail", "")),
    )


def carried_layers(sites: Sites, stop: Stop, reference: str) -> frozenset[str]:
    """Digests of the Ollama layers of an artefact in the registry; empty where it is not there."""
    ref = Reference.parse(reference)
    with Transport(sites, stop=stop) as transport:
        store = transport.repository(ref)
        if store.resolve(ref.ref) is None:
            return frozenset()
        manifest = store.manifest(ref.ref)
    return frozenset(
        layer.digest
        for layer in manifest.layers
        if layer.media_type.startswith(_OLLAMA) and layer.media_type != _MODELFILE
    )
