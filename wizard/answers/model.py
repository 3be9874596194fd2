"""The whole of the answers: `apiVersion`, `journey`, and a section per concern."""

from dataclasses import dataclass, field
from enum import StrEnum

from wizard.answers.declare import ask
from wizard.answers.sections.bundle import Media
from wizard.answers.sections.chart import Chart
from wizard.answers.sections.cluster import Cluster
from wizard.answers.sections.images import Images
from wizard.answers.sections.language_model import Model
from wizard.answers.sections.proof import Proof
from wizard.answers.sections.registry import Registry

API_VERSION = "airgap-wizard/v1"


class Journey(StrEnum):
    """What a run is for; its steps follow from it."""

    STAGE = "stage"
    INSTALL = "install"
    VERIFY = "verify"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    ROTATE = "rotate"
    GC = "gc"


BUILT = (Journey.STAGE, Journey.INSTALL, Journey.VERIFY)
"""Those that a command runs (`run`, `verify`). Answers for the others are checked all the same, and none are offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Immutable: a changed answer is a new `Answers` (`dataclasses.replace`) and a new run."""

    journey: Journey = ask(  # noqa: RUF009  (ask() is how an answer is declared)
        "Journey",
        why="what the run is for; which steps it has, and which answers it cannot do without, follow from it",
        example="install",
    )
    images: Images = field(default_factory=Images)
    registry: Registry = field(default_factory=Registry)
    model: Model = field(default_factory=Model)
    cluster: Cluster = field(default_factory=Cluster)
    chart: Chart = field(default_factory=Chart)
    proof: Proof = field(default_factory=Proof)
    media: Media = field(default_factory=Media)
