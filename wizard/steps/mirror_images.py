"""mirror-images: all images of the install, every digest preserved and recorded (S1.1, S1.20)."""

from typing import ClassVar

from wizard.answers.model import Answers
from wizard.steps.copying import CopyImages


class MirrorImages(CopyImages):
    """Carries gateway, bridge, Ollama, the probe, and whatever else the answers name."""

    id = "mirror-images"
    title = "Copy the images into the internal registry"
    after: ClassVar = ()

    def sources(self, answers: Answers) -> dict[str, str]:
        images = answers.images
        named = {
            "gateway": images.gateway,
            "bridge": images.bridge,
            "ollama": images.ollama,
            "probe": images.probe,
        }
        return named | {source: source for source in images.extra}
