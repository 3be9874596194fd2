"""From the layers of a model to the Modelfile that says the same."""

import json
from collections.abc import Iterator
from typing import Any

from wizard.model import manifest as m
from wizard.model.modelfile import Instruction, Rendered, parameters, render
from wizard.model.store import OllamaModel, damaged


def file_names(model: OllamaModel) -> dict[int, str]:
    """File names of the layers that are files for a Modelfile, by their place in the manifest.

    Only the weights end in `.gguf`: whoever looks for `*.gguf` in what `oras pull` wrote finds the right one.
    """
    names: dict[int, str] = {}
    for place, layer in enumerate(model.manifest.layers):
        if layer.media_type == m.MODEL:
            names[place] = f"{model.name.stem}.gguf"
        elif layer.media_type in (m.ADAPTER, m.PROJECTOR, m.DRAFT):
            name, count = f"{model.name.stem}.{layer.kind}", 1
            while name in names.values():
                count += 1
                name = f"{model.name.stem}.{layer.kind}{count}"
            names[place] = name
    return names


def modelfile_of(model: OllamaModel, names: dict[int, str] | None = None) -> Rendered:
    """The Modelfile of a model; `names` are the files it refers to (see `file_names`).

    Reads the small layers and the config, never the weights. Raises `model-blob-missing`, `model-blob-damaged`.
    """
    return render(_instructions(model, file_names(model) if names is None else names))


def _instructions(model: OllamaModel, names: dict[int, str]) -> Iterator[Instruction]:
    files = {place: model.manifest.layers[place].media_type for place in names}
    for media_type, word in (
        (m.MODEL, "from"),
        (m.PROJECTOR, "from"),
        (m.ADAPTER, "adapter"),
        (m.DRAFT, "draft"),
    ):
        for place, found in files.items():
            if found == media_type:
                yield Instruction(word, f"./{names[place]}")
    for layer in model.manifest.of(m.TEMPLATE, m.PROMPT)[-1:]:
        yield Instruction("template", _text(model, layer))
    for layer in model.manifest.of(m.SYSTEM)[-1:]:
        yield Instruction("system", _text(model, layer))
    config = _json(model, model.manifest.config)
    for key in ("renderer", "parser", "requires"):
        if isinstance(config, dict) and isinstance(config.get(key), str) and config[key]:
            yield Instruction(key, config[key])
    for layer in model.manifest.of(m.PARAMS):
        try:
            yield from parameters(model.read(layer))
        except ValueError as error:
            raise damaged(model, layer, str(error)) from None
    for layer in model.manifest.of(m.MESSAGES):
        messages = _json(model, layer)
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, dict) and message.get("content"):
                yield Instruction("message", str(message["content"]), str(message.get("role", "")))
    for layer in model.manifest.of(m.LICENSE):
        yield Instruction("license", _text(model, layer))


def _text(model: OllamaModel, layer: m.Layer) -> str:
    return model.read(layer).decode("utf-8", "replace")


def _json(model: OllamaModel, layer: m.Layer) -> Any:
    try:
        return json.loads(model.read(layer))
    except (ValueError, RecursionError) as error:
        raise damaged(model, layer, f"it is no JSON ({error})") from None
