"""What is carried: bytes and platforms of the images, bytes of the models.

Steps of this run have recorded it; what they have not yet is asked of the public registries, of the internal one
where the public ones cannot be reached (inside an air gap that is as it should be), and of Ollama's store.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.engine.problems import Problem, Remedy
from wizard.facts.base import Sources
from wizard.facts.fetch import internal, recorded_images
from wizard.model.names import ModelName
from wizard.model.pull import read_small
from wizard.model.store import describe
from wizard.oci.descriptor import Platform
from wizard.oci.manifest import Manifest
from wizard.oci.reference import Reference
from wizard.oci.store import Store
from wizard.oci.transport import Transport

_CONFIG_BYTES = 4 << 20
NAMES = ("gateway", "bridge", "ollama", "probe")


@dataclass(frozen=True, slots=True)
class Cargo:
    """Bytes by image and model name; platforms ("linux/amd64") by image name. What is missing is in `unknown`."""

    images: Mapping[str, int] = field(default_factory=dict)
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def gather_cargo(sources: Sources) -> Cargo:
    """Raises Problem `cargo-unknown` where nothing at all is known of what is carried."""
    images, platforms, unknown = {}, {}, []
    accepted = sources.recorded.get("accept-bundle") or {}  # a signed bundle says what it carries
    rows = (accepted.get("images") or {}) | recorded_images(sources.recorded)
    with Transport(sources.sites, stop=sources.stop) as transport:
        for name in NAMES:
            row = rows.get(name) or {}
            if row.get("bytes") and row.get("platforms"):
                images[name], platforms[name] = int(row["bytes"]), tuple(map(str, row["platforms"]))
                continue
            found = _ask(sources, transport, name)
            if found is None:
                unknown.append(name)
            else:
                images[name], platforms[name] = found
    models = {}
    for model in (sources.answers.model.name, *sources.answers.model.extra):
        size = _weight(sources, model)
        if size:
            models[model] = size
        else:
            unknown.append(model)
    if not (images or models):
        raise Problem(
            "cargo-unknown",
            "what will be carried is not known yet",
            detail="neither an earlier step, nor a registry, nor Ollama's store has told sizes and platforms",
            remedies=(
                Remedy("carry the images first", "airgap-wizard run --answers-file F --only mirror-images"),
            ),
        )
    return Cargo(images, platforms, models, tuple(unknown))


def _ask(sources: Sources, transport: Transport, name: str) -> tuple[int, tuple[str, ...]] | None:
    source: str = getattr(sources.answers.images, name)
    public = Reference.parse(source)
    places = [public]
    if public.tag:
        places.append(Reference.parse(f"{internal(sources.answers, name)}:{public.tag}"))
    for place in places:
        try:
            store = transport.repository(place)
            if store.resolve(place.ref) is not None:
                return weigh(store, place.ref, sources.answers.images.platforms)
        except Problem:
            continue  # what cannot be asked is unknown here; the step that copies says why
    return None


def weigh(store: Store, ref: str, wanted: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Bytes of all blobs, and platforms, of an image; of the wanted platforms alone where they are named."""
    top = store.manifest(ref)
    if not top.is_index:
        return sum(blob.size for blob in top.blobs), _of_config(store, top)
    total, names = 0, []
    for child in top.children:
        name = str(child.platform) if child.platform else ""
        if not name or name.startswith("unknown") or not _carried(child.platform, wanted):
            continue
        names.append(name)
        total += sum(blob.size for blob in store.manifest(child.digest).blobs)
    return total, tuple(names)


def _of_config(store: Store, image: Manifest) -> tuple[str, ...]:
    """The platform of an image without an index, as its configuration has it; none where it does not say."""
    config = image.config
    if config is None:
        return ()
    try:
        told = json.loads(read_small(store, config, _CONFIG_BYTES))
        return (str(Platform(told["os"], told["architecture"], str(told.get("variant") or ""))),)
    except (Problem, ValueError, KeyError, TypeError):
        return ()


def _carried(platform: Platform | None, wanted: tuple[str, ...]) -> bool:
    if "all" in wanted or platform is None:
        return True
    return any(platform.matches(Platform.parse(each)) for each in wanted)


def _weight(sources: Sources, model: str) -> int:
    recorded: dict[str, Any] = {}
    for step in ("accept-bundle", "carry-model"):
        recorded |= (sources.recorded.get(step) or {}).get("models") or {}
    known = int((recorded.get(model) or {}).get("bytes") or 0)
    if known or sources.model_store is None:
        return known
    try:
        found = describe(sources.model_store, ModelName.parse(model))
    except Problem:
        return 0
    return sum(layer.size for layer in found.manifest.layers)
