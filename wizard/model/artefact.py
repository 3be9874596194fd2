"""The OCI artefact of a model (S1.17, S1.18): lossless, and the same digest every time.

    config   application/vnd.ollama.image.config+json              the model's own config blob
    layer 0  application/vnd.ollama.image.model                    NAME.gguf
    layer 1  application/vnd.ollama.image.modelfile                NAME.Modelfile, generated
    …        application/vnd.ollama.image.{template,params,…}      every other layer, in its order
    last     application/vnd.airgap-wizard.ollama.manifest.v2+json Ollama's manifest, byte for byte

Every blob of the model keeps its own digest; the last layer is all that is needed to rebuild the store. Why it is
so, and how to read it without this program: docs/decisions/0004-model-artefact.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.model import manifest as m
from wizard.model.layers import file_names, modelfile_of
from wizard.model.licence import known_licence
from wizard.model.manifest import Layer
from wizard.model.store import OllamaModel, require_blobs
from wizard.oci import media
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.manifest import Manifest

CONFIG = "application/vnd.ollama.image.config+json"
MODELFILE = "application/vnd.ollama.image.modelfile"
ORIGINAL = "application/vnd.airgap-wizard.ollama.manifest.v2+json"
"""Not the media type it has in Ollama's registry: clients fetch that one as a manifest, not as a blob."""
_LICENSES = "org.opencontainers.image.licenses"


@dataclass(frozen=True)
class Artefact:
    """A planned artefact: the manifest, and where the bytes of each blob are.

    `made` holds the two blobs that are not in the store. `losses` says in words what the generated Modelfile
    could not express (the layers themselves are whole).
    """

    model: OllamaModel
    manifest: Manifest
    made: Mapping[str, bytes] = field(repr=False)
    losses: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The artefact's digest: what is written into references."""
        return self.manifest.digest

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers, each digest once."""
        return self.manifest.blobs

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(blob.size for blob in self.blobs)


def plan_artefact(model: OllamaModel) -> Artefact:
    """What would be pushed. Cheap: reads the small layers, and of the weights only that they are there.

    Raises `model-blob-missing`, `model-blob-damaged`.
    """
    require_blobs(model)
    names = file_names(model)
    rendered = modelfile_of(model, names)
    modelfile = rendered.text.encode()
    layers = [_describe(layer, names.get(place, "")) for place, layer in enumerate(model.manifest.layers)]
    weights = next(layer for layer in layers if layer.media_type == m.MODEL)
    layers.remove(weights)
    described = [
        weights,
        _blob(MODELFILE, modelfile, f"{model.name.stem}.Modelfile"),
        *layers,
        _blob(ORIGINAL, model.manifest.raw),
    ]
    config = model.manifest.config
    annotations = {media.TITLE: str(model.name)}
    if licence := known_licence(model.name):
        annotations[_LICENSES] = licence
    body = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": Descriptor(CONFIG, config.digest, config.size).to_json(),
        "layers": [layer.to_json() for layer in described],
        # fixed by the model alone: a time or a version here would give the same model another digest
        "annotations": annotations,
    }
    manifest = Manifest(json.dumps(body, separators=(",", ":")).encode(), media.OCI_MANIFEST)
    made = {digest_of(data): data for data in (modelfile, model.manifest.raw)}
    return Artefact(model, manifest, made, rendered.losses)


def _describe(layer: Layer, title: str) -> Descriptor:
    return Descriptor(layer.media_type, layer.digest, layer.size, {media.TITLE: title} if title else {})


def _blob(media_type: str, data: bytes, title: str = "") -> Descriptor:
    return Descriptor(media_type, digest_of(data), len(data), {media.TITLE: title} if title else {})
