"""A model as plain files: FILE.gguf, FILE.Modelfile and what else the Modelfile names (S1.15); and back again."""

from dataclasses import dataclass
from pathlib import Path

from wizard.engine.events import Move, Outcome
from wizard.engine.problems import Problem, Remedy
from wizard.engine.stop import Stop
from wizard.model import manifest as m
from wizard.model.gguf import read_gguf, unreadable
from wizard.model.incoming import Incoming
from wizard.model.layers import file_names, modelfile_of
from wizard.model.manifest import Layer, parse_manifest
from wizard.model.modelfile import LIMIT, Instruction, named_files, parse
from wizard.model.names import ModelName
from wizard.model.pull import Pulled
from wizard.model.store import (
    OllamaModel,
    blob_path,
    damaged,
    describe,
    hash_file,
    manifest_path,
    progress_of,
    require_blobs,
)
from wizard.model.synthesis import synthesise
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download
from wizard.oci.files import write_atomic
from wizard.oci.layout import FileBlob
from wizard.oci.progress import Progress, Report, quiet


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that stand there now. `losses`: what the Modelfile could not express."""

    outcome: Outcome
    files: tuple[Path, ...]
    digest: str
    losses: tuple[str, ...] = ()


def planned_files(model: OllamaModel, target: Path) -> dict[Path, Layer | None]:
    """What an export would write: each file with its layer, None for the Modelfile. Pure."""
    stem = target.name.removesuffix(".gguf")
    found: dict[Path, Layer | None] = {}
    for place, name in file_names(model).items():
        layer = model.manifest.layers[place]
        own = target.name if layer.media_type == m.MODEL else stem + name.removeprefix(model.name.stem)
        found[target.with_name(own)] = layer
    found[target.with_name(f"{stem}.Modelfile")] = None
    return found


def export_model(
    model: OllamaModel,
    target: Path,
    report: Report = quiet,
    stop: Stop | None = None,
    *,
    replace: bool = False,
) -> Exported:
    """Write the weights to `target` and the Modelfile beside it; verified, atomic, resumable.

    A file that is there and equal is left; another one is a Problem `export-target-exists` unless `replace`.
    Raises `model-blob-missing`, `model-blob-damaged`, `model-not-gguf`, `disk-full`, `folder-not-writable`, Stopped.
    """
    require_blobs(model)
    read_gguf(model.gguf)
    planned = planned_files(model, target)
    layers = [layer for layer in planned.values() if layer is not None]
    files = [path for path, layer in planned.items() if layer is not None]
    names = {model.manifest.layers.index(layer): path.name for layer, path in zip(layers, files, strict=True)}
    rendered = modelfile_of(model, names)
    text = rendered.text.encode()
    progress = {path: progress_of(model.name, one, report, stop) for path, one in planned.items() if one}
    todo = [path for path, layer in planned.items() if not _equal(path, layer, text, progress.get(path))]
    for path in todo:
        if path.exists() and not replace:
            raise _exists(path)
    for path in todo:
        layer = planned[path]
        if layer is None:
            write_atomic(path, text)
            continue
        path.unlink(missing_ok=True)
        try:
            _copy(model.blob(layer), path, layer, progress[path])
        except Problem as problem:
            if problem.code == "digest-mismatch":
                raise damaged(model, layer, problem.detail) from None
            raise
        progress[path].end(Move.COPIED)
    outcome = Outcome.DONE if todo else Outcome.ALREADY
    return Exported(outcome, tuple(planned), model.manifest.model.digest, rendered.losses)


def load_files(
    gguf: Path,
    store: Path,
    name: ModelName,
    modelfile: Path | None = None,
    report: Report = quiet,
    stop: Stop | None = None,
) -> Pulled:
    """Put a file of weights into a store, with the Modelfile that stands beside it; no server is needed.

    The result is the model that `ollama create` would make of them. Raises `model-not-gguf`, `modelfile-not-valid`,
    `disk-full`, `folder-not-writable`, `model-store-busy`, Stopped.
    """
    beside = modelfile or gguf.with_name(gguf.name.removesuffix(".gguf") + ".Modelfile")
    header = read_gguf(gguf)
    said: tuple[Instruction, ...] = ()
    if modelfile is not None or beside.is_file():
        said = parse(_read(beside), str(beside))
    with Incoming(store) as incoming:
        weights = [(m.MODEL, gguf), *((kind, beside.parent / path) for kind, path in named_files(said))]
        layers: list[Layer] = []
        moved = 0
        for kind, path in weights:
            layer, count = _take(incoming, store, kind, path, name, report, stop)
            layers.append(layer)
            moved += count
        found = synthesise(layers[0], header, said, layers[1:])
        for layer, data in found.made.items():
            incoming.keep(layer, data)
        manifest = parse_manifest(found.raw, str(gguf))
        path = manifest_path(store, name)
        same = not moved and path.is_file() and path.read_bytes() == found.raw
        incoming.publish(name, found.raw, manifest.blobs)
    notes = found.notes if said else (f"there is no {beside.name} beside it", *found.notes)
    return Pulled(Outcome.ALREADY if same else Outcome.DONE, describe(store, name), "", moved, notes)


def _take(
    incoming: Incoming, store: Path, kind: str, path: Path, name: ModelName, report: Report, stop: Stop | None
) -> tuple[Layer, int]:
    """Hash a file and, where the store lacks it, copy it in; how many bytes were copied."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None
    layer = Layer(kind, hash_file(path, "sha256:", Progress(stop=stop)), size)
    progress = progress_of(name, layer, report, stop)
    there = blob_path(store, layer.digest)
    if (
        there.is_file()
        and there.stat().st_size == size
        and hash_file(there, layer.digest, progress) == layer.digest
    ):
        progress.end(Move.PRESENT)
        return layer, 0
    incoming.require_room([layer])
    incoming.fetch(layer, lambda offset: FileBlob(path, offset), progress)
    return layer, size


def _copy(source: Path, target: Path, layer: Layer, progress: Progress) -> None:
    blob = Descriptor(layer.media_type, layer.digest, layer.size)
    download(target, blob, lambda offset: FileBlob(source, offset), progress)


def _equal(path: Path, layer: Layer | None, text: bytes, progress: Progress | None) -> bool:
    if not path.is_file():
        return False
    if layer is None or progress is None:
        return path.stat().st_size == len(text) and path.read_bytes() == text
    if path.stat().st_size != layer.size:
        return False
    if hash_file(path, layer.digest, progress) != layer.digest:
        progress.position = 0
        return False
    progress.end(Move.PRESENT)
    return True


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT).decode("utf-8", "replace")
    except OSError as error:
        raise unreadable(path, error) from None


def _exists(path: Path) -> Problem:
    return Problem(
        "export-target-exists",
        f"{path} is there and is another file",
        remedies=(Remedy("Choose another name, or say that it may be replaced", "--replace"),),
        evidence={"path": str(path)},
    )
