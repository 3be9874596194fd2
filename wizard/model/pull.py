"""From an artefact to a model in a store: verified, resumable, byte for byte what was pushed (S1.25–S1.28, S1.45)."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from wizard.engine.events import Move, Outcome
from wizard.engine.problems import Problem, Remedy
from wizard.engine.stop import Stop
from wizard.model import manifest as m
from wizard.model.contents import Contents, as_layer, file_name, of_ollama, read_contents
from wizard.model.gguf import read_gguf
from wizard.model.incoming import Incoming
from wizard.model.manifest import LIMIT, Layer, OllamaManifest, parse_manifest
from wizard.model.modelfile import Instruction, named_files, parse
from wizard.model.names import ModelName
from wizard.model.store import SMALL, OllamaModel, blob_path, describe, hash_file, manifest_path, progress_of
from wizard.model.synthesis import synthesise
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.problems import digest_mismatch, truncated
from wizard.oci.progress import Progress, Report, quiet
from wizard.oci.store import Opener, Store


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did. `moved` is bytes that travelled; `notes` is worth telling people."""

    outcome: Outcome
    model: OllamaModel
    artefact: str
    moved: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """The manifest to write, and where each of its blobs comes from: the artefact, or our own hands."""

    manifest: OllamaManifest
    sources: Mapping[str, Descriptor] = field(default_factory=dict)
    made: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def pull_artefact(
    source: Store,
    ref: str,
    store: Path,
    name: ModelName | None = None,
    report: Report = quiet,
    stop: Stop | None = None,
    *,
    jobs: int = 3,
) -> Pulled:
    """Bring the model behind `ref` (a tag or digest of `source`) into a store, under `name` or its own name.

    Blobs that are there are hashed, not fetched; damaged ones are fetched anew. Raises `artefact-not-a-model`,
    `model-not-gguf`, `model-name-not-valid` (exit 2, it says no name), `digest-mismatch`, `disk-full`,
    `model-store-busy`, what the source raises, and Stopped; the store is then as it was.
    """
    stop = stop or Stop()
    where = place_of(source, ref)
    contents = read_contents(source.manifest(ref), where)
    name = name or contents.title or _nameless(where)
    with Incoming(store) as incoming:
        pull = _Pull(source, store, incoming, name, report, stop, jobs)
        planned = pull.plan(contents, where)
        moved = pull.bring(planned)
        weights = planned.manifest.model
        arrived = incoming.path(weights)
        read_gguf(arrived if arrived.is_file() else blob_path(store, weights.digest))
        path = manifest_path(store, name)
        same = not moved and path.is_file() and path.read_bytes() == planned.manifest.raw
        incoming.publish(name, planned.manifest.raw, planned.manifest.blobs)
    model = describe(store, name)
    outcome = Outcome.ALREADY if same else Outcome.DONE
    return Pulled(outcome, model, contents.manifest.digest, moved, planned.notes)


def installed(source: Store, ref: str, store: Path, name: ModelName | None = None) -> OllamaModel | None:
    """The model of a store if it is what a pull of `ref` would leave, else None; nothing large is read or moved.

    For artefacts with Ollama's manifest the answer rests on the manifest's bytes and the sizes of all blobs (verify
    the store for their content); for others it is the model made from the same weights.
    """
    where = place_of(source, ref)
    contents = read_contents(source.manifest(ref), where)
    name = name or contents.title or _nameless(where)
    try:
        model = describe(store, name)
    except Problem:
        return None
    weights = blob_path(store, contents.model.digest)
    if not weights.is_file() or weights.stat().st_size != contents.model.size:
        return None
    planned = plan_contents(source, contents, where, lambda: weights)
    if model.manifest.raw != planned.manifest.raw:
        return None
    return model if all(_size(model.blob(layer)) == layer.size for layer in model.manifest.blobs) else None


def plan_contents(source: Store, contents: Contents, where: str, weights: Callable[[], Path]) -> _Planned:
    """Ollama's manifest for an artefact, found or made. `weights` is asked for where the GGUF's header is needed."""
    parts = (contents.config, contents.model, *contents.others)
    sources = {one.digest: one for one in parts if one is not None}
    if contents.whole:
        return _Planned(parse_manifest(contents.manifest.body, where), sources)
    if contents.original is not None:
        manifest = parse_manifest(
            read_small(source, contents.original, LIMIT), f"Ollama's manifest in {where}"
        )
        if lacking := [layer for layer in manifest.blobs if layer.digest not in sources]:
            raise Problem(
                "artefact-not-a-model",
                f"{where} is incomplete",
                detail=f"Ollama's manifest in it names {lacking[0].digest}, which is no layer of it",
                remedies=(Remedy("Push the model again", f"airgap-wizard model push MODEL {where}"),),
                evidence={"reference": where, "digest": lacking[0].digest},
            )
        return _Planned(manifest, sources)
    said: tuple[Instruction, ...] = ()
    if contents.modelfile is not None:
        text = read_small(source, contents.modelfile, SMALL).decode("utf-8", "replace")
        said = parse(text, file_name(contents.modelfile) or "Modelfile")
    given = [as_layer(one) for one in contents.others if of_ollama(one)]
    given += _files(contents, said)
    found = synthesise(as_layer(contents.model, m.MODEL), read_gguf(weights()), said, given)
    notes = found.notes if contents.modelfile is not None else ("it brings no Modelfile", *found.notes)
    made = {layer.digest: data for layer, data in found.made.items()}
    return _Planned(parse_manifest(found.raw, where), sources, made, notes)


def _files(contents: Contents, said: Iterable[Instruction]) -> list[Layer]:
    """Layers that the Modelfile names (adapters, projectors) and that have no media type of Ollama's."""
    kinds = {path.rpartition("/")[2]: kind for kind, path in named_files(said)}
    return [
        as_layer(one, kinds[file_name(one)])
        for one in contents.others
        if file_name(one) in kinds and not of_ollama(one)
    ]


def read_small(source: Store, blob: Descriptor, limit: int) -> bytes:
    """A small blob's bytes, verified. Raises `digest-mismatch`, `blob-truncated`, `artefact-not-a-model`."""
    if blob.size > limit:
        raise Problem(
            "artefact-not-a-model",
            f"a layer of {source.name} is too large for what it says it is",
            detail=f"{blob.media_type} {blob.digest} has {blob.size} bytes; at most {limit} are read",
        )
    data = memoryview(bytearray(blob.size))
    have = 0
    with source.open_blob(blob) as reader:
        while have < blob.size and (count := reader.readinto(data[have:])):
            have += count
    if have < blob.size:
        raise truncated(f"blob {blob.digest}", blob.size, have)
    found = digest_of(data)
    if found != blob.digest:
        raise digest_mismatch(f"blob {blob.digest}", blob.digest, found)
    return bytes(data)


class _Pull:
    """The state of one pull."""

    def __init__(
        self,
        source: Store,
        store: Path,
        incoming: Incoming,
        name: ModelName,
        report: Report,
        stop: Stop,
        jobs: int,
    ) -> None:
        self._source, self._store, self._incoming = source, store, incoming
        self._name, self._report, self._stop, self._jobs = name, report, stop, jobs
        self._moved = 0
        self._sound: set[str] = set()
        self._progress: dict[str, Progress] = {}

    def plan(self, contents: Contents, where: str) -> _Planned:
        def weights() -> Path:
            # a model that is put together needs the header first, so the weights come first
            layer = as_layer(contents.model, m.MODEL)
            self._fetch([layer], {layer.digest: contents.model})
            return (
                self._incoming.path(layer)
                if self._incoming.has(layer)
                else blob_path(self._store, layer.digest)
            )

        return plan_contents(self._source, contents, where, weights)

    def bring(self, planned: _Planned) -> int:
        """Fetch what is missing; how many bytes came."""
        for layer in planned.manifest.blobs:
            if layer.digest in planned.made and not self._present(layer):
                self._incoming.keep(layer, planned.made[layer.digest])
        self._fetch(
            [one for one in planned.manifest.blobs if one.digest not in planned.made], planned.sources
        )
        return self._moved

    def _fetch(self, layers: list[Layer], sources: Mapping[str, Descriptor]) -> None:
        missing = [layer for layer in layers if not self._present(layer)]
        self._incoming.require_room(missing)
        # the small ones first: what is wrong with them is known before the long transfer begins
        for large in (False, True):
            chosen = [layer for layer in missing if (layer.size > SMALL) == large]
            with ThreadPoolExecutor(max(1, self._jobs), "pull") as pool:
                waiting = [pool.submit(self._one, layer, sources[layer.digest]) for layer in chosen]
            self._moved += sum(future.result() for future in waiting)

    def _one(self, layer: Layer, blob: Descriptor) -> int:
        self._stop.check()
        opener: Opener = lambda offset: self._source.open_blob(blob, offset)  # noqa: E731
        already = self._incoming.has(layer)
        self._incoming.fetch(layer, opener, self._progress_of(layer))
        return 0 if already else layer.size

    def _progress_of(self, layer: Layer) -> Progress:
        """One progress a blob: where a damaged one is fetched anew, the bar does not run back."""
        found = self._progress.get(layer.digest)
        if found is None:
            found = self._progress[layer.digest] = progress_of(self._name, layer, self._report, self._stop)
        return found

    def _present(self, layer: Layer) -> bool:
        """True where the store has the blob and its bytes are right; each is read once."""
        if layer.digest in self._sound or self._incoming.has(layer):
            return True
        path = blob_path(self._store, layer.digest)
        if _size(path) != layer.size:
            return False
        progress = self._progress_of(layer)
        if hash_file(path, layer.digest, progress) != layer.digest:
            progress.retry()
            progress.position = 0
            return False
        progress.end(Move.PRESENT)
        self._sound.add(layer.digest)
        return True


def place_of(source: Store, ref: str) -> str:
    """A reference as people write it; "" is the only thing in a layout."""
    return source.name + (f"{'@' if ':' in ref else ':'}{ref}" if ref else "")


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return -1


def _nameless(where: str) -> ModelName:
    raise Problem(
        "model-name-not-valid",
        f"{where} does not say which model it is",
        remedies=(Remedy("Say under which name Ollama shall know it", "--name granite4.1:8b"),),
        evidence={"reference": where},
        exit_code=2,
    )
