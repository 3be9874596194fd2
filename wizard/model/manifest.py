"""Ollama's manifest: which blobs make a model. Read with bounds, kept as the bytes it was.

The bytes are Docker v2 with layers of Ollama's own media types; compact or pretty JSON, `from` keys, key order
and the line end differ between versions, so a manifest is carried raw and never written anew.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.engine.problems import Problem, Remedy

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.ollama.image."
MODEL = _LAYER + "model"
ADAPTER = _LAYER + "adapter"
PROJECTOR = _LAYER + "projector"
DRAFT = _LAYER + "draft"
TEMPLATE = _LAYER + "template"
PROMPT = _LAYER + "prompt"
"""What `template` was called once; Ollama still reads it."""
SYSTEM = _LAYER + "system"
PARAMS = _LAYER + "params"
MESSAGES = _LAYER + "messages"
LICENSE = _LAYER + "license"

LIMIT = 4 << 20
"""Bytes; registries refuse larger manifests too."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Layer:
    """One blob of a model. `size` is in bytes."""

    media_type: str
    digest: str
    size: int

    @property
    def kind(self) -> str:
        """The last word of the media type: model, template, params…"""
        return self.media_type.removeprefix(_LAYER)


@dataclass(frozen=True, slots=True)
class OllamaManifest:
    """A manifest and the bytes it came from."""

    raw: bytes = field(repr=False)
    config: Layer
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        """sha256 of the raw bytes: what `ollama list` shortens to the model's ID."""
        return "sha256:" + hashlib.sha256(self.raw).hexdigest()

    @property
    def id(self) -> str:
        """The ID column of `ollama list`."""
        return self.digest[7:19]

    @property
    def blobs(self) -> tuple[Layer, ...]:
        """Config and layers, each digest once."""
        return tuple({layer.digest: layer for layer in (self.config, *self.layers)}.values())

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(layer.size for layer in self.blobs)

    @property
    def model(self) -> Layer:
        """The weights."""
        return next(layer for layer in self.layers if layer.media_type == MODEL)

    def of(self, *media_types: str) -> tuple[Layer, ...]:
        """The layers of these types, in order."""
        return tuple(layer for layer in self.layers if layer.media_type in media_types)


def parse_manifest(raw: bytes, where: str) -> OllamaManifest:
    """Read a manifest's bytes; `where` names the file or artefact in messages.

    Raises Problem `model-manifest-damaged`, or `model-not-one-gguf` where there is not exactly one layer of
    weights (S1.14).
    """
    try:
        if len(raw) > LIMIT:
            raise ValueError(f"longer than {LIMIT >> 20} MiB")
        data = json.loads(raw)
        if not isinstance(data, Mapping):
            raise ValueError("not a JSON object")
        config = _layer(data.get("config"), "config")
        found = data.get("layers")
        if not isinstance(found, list):
            raise ValueError("layers is not a list")
        layers = tuple(_layer(item, f"layers[{n}]") for n, item in enumerate(found))
    except (ValueError, RecursionError) as error:
        raise Problem(
            "model-manifest-damaged",
            f"{where} is not a manifest that Ollama wrote",
            detail=str(error) or "nested too deeply",
            remedies=(Remedy("Pull the model again on the connected side", "ollama pull MODEL"),),
            evidence={"where": where},
        ) from None
    weights = [layer for layer in layers if layer.media_type == MODEL]
    if len(weights) != 1:
        raise Problem(
            "model-not-one-gguf",
            f"{where} has {len(weights)} layers of weights, where exactly one GGUF can be carried",
            detail="its layers: " + (", ".join(sorted({layer.kind for layer in layers})) or "none"),
            remedies=(
                Remedy("Choose a build of the model that is one GGUF file (a cloud or MLX model is not)"),
            ),
            evidence={"where": where, "weights": len(weights)},
        )
    return OllamaManifest(raw, config, layers)


def _layer(data: Any, at: str) -> Layer:
    if not isinstance(data, Mapping):
        raise ValueError(f"{at} is missing or not an object")
    media_type, digest, size = data.get("mediaType"), data.get("digest"), data.get("size")
    if not isinstance(media_type, str) or not media_type:
        raise ValueError(f"{at}.mediaType is {media_type!r}")
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise ValueError(f"{at}.digest is {digest!r}, not sha256:…")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"{at}.size is {size!r}")
    return Layer(media_type, digest, size)


def compose_manifest(config: Layer, layers: tuple[Layer, ...]) -> bytes:
    """A manifest for a model that came without one, in the form Ollama writes (compact, one line end)."""

    def plain(layer: Layer) -> dict[str, Any]:
        return {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}

    data = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": plain(config),
        "layers": [plain(layer) for layer in layers],
    }
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"
