"""What an artefact in a registry has of a model: ours, Ollama's own, or one that `oras push` made (S1.25)."""

from dataclasses import dataclass

from wizard.engine.problems import Problem, Remedy
from wizard.model import manifest as m
from wizard.model.artefact import CONFIG, MODELFILE, ORIGINAL
from wizard.model.manifest import Layer
from wizard.model.names import ModelName
from wizard.oci import media
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.manifest import Manifest

_OLLAMA = "application/vnd.ollama.image."


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of an artefact, whatever the order they came in.

    `original` is Ollama's manifest as a blob; `whole` is true where the artefact's own manifest is one that
    Ollama wrote. Where neither is given, the model has to be put together from its files.
    """

    manifest: Manifest
    model: Descriptor
    config: Descriptor | None
    modelfile: Descriptor | None
    original: Descriptor | None
    others: tuple[Descriptor, ...]
    whole: bool

    @property
    def title(self) -> ModelName | None:
        """The model's name, where the artefact says it."""
        try:
            return ModelName.parse(self.manifest.annotations.get(media.TITLE, ""))
        except Problem:
            return None


def read_contents(manifest: Manifest, where: str) -> Contents:
    """Tell the parts apart, by media type, then by file name. Raises Problem `artefact-not-a-model`."""
    try:
        manifest.check()
        layers = [one for one in manifest.layers if one.digest.startswith("sha256:")]
        config = manifest.config
    except Malformed as error:
        raise _refuse(where, f"its manifest is not valid: {error}") from None
    if manifest.is_index:
        raise _refuse(where, "it is an index of several manifests, like an image for several platforms")
    models = [one for one in layers if one.media_type == m.MODEL]
    models = models or [one for one in layers if _title(one).endswith(".gguf")]
    if len(models) != 1:
        kinds = ", ".join(sorted({one.media_type for one in layers})) or "none"
        raise _refuse(where, f"{len(models)} of its layers are weights, one is needed; its layers: {kinds}")
    modelfiles = [one for one in layers if one.media_type == MODELFILE]
    modelfiles = modelfiles or [
        one for one in layers if _title(one).lower().endswith("modelfile") and one is not models[0]
    ]
    original = next((one for one in layers if one.media_type == ORIGINAL), None)
    apart = {id(one) for one in (models[0], original, *modelfiles)}
    return Contents(
        manifest,
        models[0],
        config,
        modelfiles[0] if modelfiles else None,
        original,
        tuple(one for one in layers if id(one) not in apart),
        whole=config is not None
        and config.media_type == m.CONFIG_TYPE
        and not modelfiles
        and all(one.media_type.startswith(_OLLAMA) for one in layers),
    )


def as_layer(one: Descriptor, media_type: str = "") -> Layer:
    """A descriptor as a layer of Ollama's manifest."""
    return Layer(media_type or one.media_type, one.digest, one.size)


def of_ollama(one: Descriptor) -> bool:
    """True for a layer that Ollama itself knows (not for those that only an artefact has)."""
    return one.media_type.startswith(_OLLAMA) and one.media_type not in (MODELFILE, CONFIG)


def file_name(one: Descriptor) -> str:
    """The file name of a layer, "" where it has none."""
    return _title(one)


def _title(one: Descriptor) -> str:
    return one.annotations.get(media.TITLE, "").replace("\\", "/").rpartition("/")[2]


def _refuse(where: str, why: str) -> Problem:
    return Problem(
        "artefact-not-a-model",
        f"{where} is not a model's artefact",
        detail=why,
        remedies=(
            Remedy("Look at what is there", f"oras manifest fetch {where}"),
            Remedy("Push the model with", f"airgap-wizard model push MODEL {where}"),
        ),
        evidence={"reference": where},
    )
