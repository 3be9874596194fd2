"""Put a model together from a file of weights and a Modelfile, as `ollama create` would (S1.25).

For artefacts that were pushed without Ollama's manifest, and for exported files. No parameter is invented: what
neither the Modelfile nor the artefact says is left to Ollama.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wizard.model import manifest as m
from wizard.model.gguf import Gguf
from wizard.model.manifest import Layer, compose_manifest
from wizard.model.modelfile import Instruction, go_json, params_document
from wizard.oci.digest import digest_of


@dataclass(frozen=True, slots=True)
class Synthesis:
    """A manifest's bytes, the small blobs it needs by their layer, and what is worth saying about it."""

    raw: bytes = field(repr=False)
    made: Mapping[Layer, bytes] = field(repr=False)
    notes: tuple[str, ...] = ()


def synthesise(
    model: Layer, header: Gguf, instructions: Iterable[Instruction], given: Iterable[Layer] = ()
) -> Synthesis:
    """A manifest for `model`. `given` are layers that came as they are; they win over the Modelfile's words."""
    said, given = list(instructions), list(given)
    made: dict[Layer, bytes] = {}
    layers = [model]

    def add(media_type: str, texts: Iterable[bytes]) -> None:
        found = [one for one in given if one.media_type == media_type]
        if not found:
            for data in texts:
                layer = Layer(media_type, digest_of(data), len(data))
                made[layer] = data
                found.append(layer)
        layers.extend(found)

    files = {one.media_type for one in given} - {m.TEMPLATE, m.SYSTEM, m.LICENSE, m.PARAMS, m.MESSAGES}
    for media_type in sorted(files):
        add(media_type, [])
    template = _last(said, "template")
    add(m.TEMPLATE, [template.encode()] if template else [])
    system = _last(said, "system")
    add(m.SYSTEM, [system.encode()] if system else [])
    add(m.LICENSE, [one.value.encode() for one in said if one.name == "license"])
    params = params_document(said)
    add(m.PARAMS, [params] if params else [])
    messages = [{"role": one.key, "content": one.value} for one in said if one.name == "message"]
    add(m.MESSAGES, [go_json(messages)] if messages else [])

    data = go_json(_config(header, said, layers))
    config = Layer(m.CONFIG_TYPE, digest_of(data), len(data))
    made[config] = data
    has_template = any(layer.media_type in (m.TEMPLATE, m.PROMPT) for layer in layers)
    note = "it brings no TEMPLATE: Ollama takes the one in the weights, and may say that it does not support tools"
    return Synthesis(compose_manifest(config, tuple(layers)), made, () if has_template else (note,))


def _config(header: Gguf, said: list[Instruction], layers: list[Layer]) -> dict[str, object]:
    config: dict[str, object] = {
        "model_format": "gguf",
        "model_family": header.architecture,
        "model_families": [header.architecture],
        "model_type": header.parameter_size,
        # to Ollama a file type of 0 (F32) is one that is not given
        "file_type": header.quantisation if header.number("general.file_type") else "unknown",
    }
    for key in ("renderer", "parser", "requires"):
        if value := _last(said, key):
            config[key] = value.removeprefix("v") if key == "requires" else value
    digests = [layer.digest for layer in layers]
    return {
        **config,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": digests},
    }


def _last(said: list[Instruction], name: str) -> str:
    return next((one.value for one in reversed(said) if one.name == name), "")
