"""mirror-probe: the probe's image first, because everything that is looked at from inside is looked at with it."""

from typing import ClassVar

from wizard.answers.model import Answers
from wizard.steps.copying import CopyImages


class MirrorProbe(CopyImages):
    """Carries the one small image that tests the site (S1.40)."""

    id = "mirror-probe"
    title = "Carry the probe's image"
    asks: ClassVar = ("images.probe", "registry.host")

    def sources(self, answers: Answers) -> dict[str, str]:
        return {"probe": answers.images.probe}
