"""Ollama's store on disk: find it, list what is in it, read a model, check it byte by byte.

    MODELS/manifests/HOST/NAMESPACE/MODEL/TAG    the manifest, JSON
    MODELS/blobs/sha256-HEX                      every blob, config included

Nothing here needs a running Ollama, or disturbs one.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.engine.events import Move
from wizard.engine.problems import Problem, Remedy
from wizard.engine.stop import Stop
from wizard.model.manifest import LIMIT, Layer, OllamaManifest, parse_manifest
from wizard.model.names import ModelName
from wizard.oci.digest import digest_of, hasher
from wizard.oci.progress import Progress, Report, quiet

SMALL = 16 << 20
"""Bytes: the most that is ever read into memory of a template, licence, params or config."""


def default_store(explicit: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The models folder, whether it is there or not: the one named, else $OLLAMA_MODELS, else ~/.ollama/models."""
    env = os.environ if environ is None else environ
    said = env.get("OLLAMA_MODELS", "").strip().strip("\"'")
    home = Path(env.get("HOME") or Path.home())
    return explicit or (Path(said) if said else home / ".ollama" / "models")


def find_store(explicit: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The models folder a model is read from (S1.14).

    Raises Problem `model-store-not-found` where there is no `manifests` folder in it.
    """
    store = default_store(explicit, environ)
    if (store / "manifests").is_dir():
        return store
    near = (store / "models", store / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models"))
    hints = [path for path in near if (path / "manifests").is_dir()]
    remedies = [
        Remedy(
            f"A store is at {path}: name it with --store {path}", f"airgap-wizard model list --store {path}"
        )
        for path in hints
    ]
    remedies.append(
        Remedy("Pull a model first, or name Ollama's models folder with --store (in answers: model.store)")
    )
    raise Problem(
        "model-store-not-found",
        f"{store} is not an Ollama store",
        detail=f"there is no folder {store / 'manifests'}",
        remedies=tuple(remedies),
        evidence={"store": str(store)},
        exit_code=2,
    )


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model as a store has it: its name, its manifest, and where the blobs are."""

    name: ModelName
    store: Path
    manifest: OllamaManifest

    @property
    def id(self) -> str:
        """The ID that `ollama list` shows."""
        return self.manifest.id

    def blob(self, layer: Layer) -> Path:
        """Where a layer's bytes are."""
        return blob_path(self.store, layer.digest)

    @property
    def gguf(self) -> Path:
        """The file with the weights."""
        return self.blob(self.manifest.model)

    def read(self, layer: Layer) -> bytes:
        """A small layer's bytes (template, params, licence, config), checked against its digest.

        Raises Problem `model-blob-missing`, `model-blob-damaged`.
        """
        require_blob(self, layer)
        if layer.size > SMALL:
            raise damaged(self, layer, f"{layer.size} bytes are too many for a {layer.kind}")
        data = self.blob(layer).read_bytes()
        if (found := digest_of(data)) != layer.digest:
            raise damaged(self, layer, f"its content is {found}")
        return data


def blob_path(store: Path, digest: str) -> Path:
    """The file of a blob."""
    return store / "blobs" / digest.replace(":", "-")


def manifest_path(store: Path, name: ModelName) -> Path:
    """The file of a manifest."""
    return store / "manifests" / name.path


def model_names(store: Path) -> Iterator[ModelName]:
    """The names of all models of a store, sorted. Files that are no names (`._8b`, `.DS_Store`) are passed over."""
    root = store / "manifests"
    found = (
        ModelName.from_path(PurePosixPath(p.relative_to(root))) for p in root.glob("*/*/*/*") if p.is_file()
    )
    yield from sorted(name for name in found if name)


def describe(store: Path, name: ModelName) -> OllamaModel:
    """Read a model's manifest; no blob is opened.

    Raises Problem `model-not-in-store`, `model-manifest-damaged`, `model-not-one-gguf`.
    """
    path = manifest_path(store, name)
    if not path.is_file():
        others = list(model_names(store))
        # Ollama finds a model whatever the case; so do we
        for other in others:
            if other.same(name):
                return describe(store, other)
        raise Problem(
            "model-not-in-store",
            f"{store} has no model {name}",
            detail="it has: " + (", ".join(map(str, others)) or "no model at all"),
            remedies=(
                Remedy("Pull it on the connected side", f"ollama pull {name}"),
                Remedy("Or name another store with --store (in answers: model.store)"),
            ),
            evidence={"store": str(store), "model": name.full},
        )
    with path.open("rb") as file:
        raw = file.read(LIMIT + 1)
    return OllamaModel(name, store, parse_manifest(raw, str(path)))


def require_blob(model: OllamaModel, layer: Layer) -> None:
    """Cheap: the blob is there and as long as the manifest says. Raises `model-blob-missing`, `model-blob-damaged`."""
    try:
        size = model.blob(layer).stat().st_size
    except FileNotFoundError:
        raise Problem(
            "model-blob-missing",
            f"{model.name} is incomplete: its {layer.kind} blob is not in the store",
            detail=f"expected {model.blob(layer)}, {layer.size} bytes",
            remedies=(
                Remedy("Pull the model again: only what is missing is fetched", f"ollama pull {model.name}"),
            ),
            evidence={"digest": layer.digest, "path": str(model.blob(layer))},
        ) from None
    if size != layer.size:
        raise damaged(model, layer, f"{size} bytes where the manifest says {layer.size}")


def damaged(model: OllamaModel, layer: Layer, detail: str) -> Problem:
    """The problem `model-blob-damaged` for a layer."""
    path = model.blob(layer)
    return Problem(
        "model-blob-damaged",
        f"{model.name} is damaged: its {layer.kind} blob is not what its name says",
        detail=f"{path}: {detail}",
        remedies=(
            Remedy(
                "Remove that blob and pull the model again (a blob that is there is not fetched anew)",
                f"rm {path} && ollama pull {model.name}",
            ),
        ),
        evidence={"digest": layer.digest, "path": str(path)},
    )


def require_blobs(model: OllamaModel) -> None:
    """Cheap check of all blobs: there, and of the right size."""
    for layer in model.manifest.blobs:
        require_blob(model, layer)


def verify_store(
    store: Path, name: ModelName, report: Report = quiet, stop: Stop | None = None
) -> OllamaModel:
    """Read every byte of a model and compare it with its digest.

    Raises what `describe` raises, `model-blob-missing`, `model-blob-damaged`, and Stopped.
    """
    model = describe(store, name)
    require_blobs(model)
    for layer in model.manifest.blobs:
        progress = progress_of(model.name, layer, report, stop)
        found = hash_file(model.blob(layer), layer.digest, progress)
        if found != layer.digest:
            raise damaged(model, layer, f"its content is {found}")
        progress.end(Move.VERIFIED)
    return model


def progress_of(name: ModelName, layer: Layer, report: Report, stop: Stop | None) -> Progress:
    """The progress of one blob, under a name that people can tell from the others."""
    item = f"{layer.kind} {layer.digest[7:19]}"
    return Progress(report, item, total=layer.size, stop=stop, digest=layer.digest, group=str(name))


def hash_file(path: Path, digest: str, progress: Progress) -> str:
    """The digest of a file, by the algorithm of `digest`, in flat memory. Raises OSError, Stopped."""
    running = hasher(digest, path.stat().st_size)
    try:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer := running.buffer()):
                running.feed(buffer[:count])
                progress.advance(count)
        return running.digest()
    finally:
        running.close()
