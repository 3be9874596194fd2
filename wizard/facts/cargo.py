"""What is carried: bytes and platforms of the images, bytes of the models. From what steps recorded, or the stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.engine.problems import Problem, Remedy
from wizard.facts.base import Sources
from wizard.facts.fetch import recorded_images


@dataclass(frozen=True, slots=True)
class Cargo:
    """Bytes by image and model name; platforms ("linux/amd64") by image name. Empty = not known."""

    images: Mapping[str, int] = field(default_factory=dict)
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: Mapping[str, int] = field(default_factory=dict)


def gather_cargo(sources: Sources) -> Cargo:
    """Raises Problem `cargo-unknown` where nothing at all is known of what is carried."""
    images = recorded_images(sources.recorded)
    models: dict[str, Any] = (sources.recorded.get("carry-model") or {}).get("models") or {}
    cargo = Cargo(
        {name: int(of["bytes"]) for name, of in images.items() if of.get("bytes")},
        {name: tuple(of["platforms"]) for name, of in images.items() if of.get("platforms")},
        {name: int(of["bytes"]) for name, of in models.items() if of.get("bytes")},
    )
    if not (cargo.images or cargo.platforms or cargo.models):
        raise Problem(
            "cargo-unknown",
            "what will be carried is not known yet",
            detail="neither a bundle nor an earlier step has told sizes and platforms",
            remedies=(
                Remedy("carry the images first", "airgap-wizard run --answers-file F --only mirror-images"),
            ),
        )
    return cargo
