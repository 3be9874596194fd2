"""Facts: a mapping from fact type to a frozen fact, or to `Unknown` with the reason it could not be had."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from wizard.answers.model import Answers
from wizard.cluster.port import Cluster, Helm
from wizard.cluster.probes.causes import about_image, pull_cause
from wizard.engine.events import Remedy
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop
from wizard.oci.sites import Sites

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be established, and why: a missing permission, an unanswered probe, a missing file."""

    reason: str
    remedies: tuple[Remedy, ...] = ()
    code: str = ""
    """The code of the Problem that was in the way."""


@dataclass(slots=True)
class Sources:
    """What gatherers may ask. A support bundle gives a `cluster` that only reads; what it lacks raises Problem.

    `recorded` is what earlier steps of the run have shown (evidence by step id): digests to compare with.
    `folder` is where this run writes, `model_store` where the model is read from; None where there is neither.
    """

    answers: Answers
    cluster: Cluster
    helm: Helm
    sites: Sites
    stop: Stop
    recorded: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    model_store: Path | None = None
    say: Callable[[str], None] = lambda text: None
    told: set[str] = field(default_factory=set)
    """Causes of failed pulls of the probe's image that were told already: one cause is told once."""


class Facts:
    """What was gathered, by type."""

    def __init__(self, known: dict[type, object]) -> None:
        self._known = known

    def get(self, kind: type[F]) -> F | Unknown:
        """The fact, or Unknown; a type that was never gathered is Unknown too."""
        found = self._known.get(kind, Unknown("not among what was gathered"))
        return found if isinstance(found, Unknown) else cast(F, found)

    def all(self) -> dict[type, object]:
        """Everything, known or Unknown, by type."""
        return dict(self._known)

    def why_not(self, kinds: Iterable[type]) -> str:
        """The reasons, joined, for those of `kinds` that are unknown; "" where all are known."""
        missing = (self.get(kind) for kind in kinds)
        return "; ".join(dict.fromkeys(m.reason for m in missing if isinstance(m, Unknown)))

    def remedies(self, kinds: Iterable[type]) -> tuple[Remedy, ...]:
        """What can be done about those of `kinds` that are unknown."""
        missing = (self.get(kind) for kind in kinds)
        return tuple(dict.fromkeys(r for m in missing if isinstance(m, Unknown) for r in m.remedies))


Gatherer = Callable[[Sources], object]


def gather(kinds: Iterable[type], gatherers: dict[type, Gatherer], sources: Sources) -> Facts:
    """Gather each fact; a Problem on the way makes that one fact Unknown and leaves the others alone."""
    known: dict[type, object] = {}
    for kind in kinds:
        sources.stop.check()
        try:
            known[kind] = gatherers[kind](sources)
        except Stopped:
            raise
        except Problem as problem:
            known[kind] = _unknown(problem, sources.told)
    return Facts(known)


def _unknown(problem: Problem, told: set[str]) -> Unknown:
    """With the problem's words; where they are the runtime's over the probe's image, the first time alone."""
    reason = problem.title + (f": {problem.detail}" if problem.detail else "")
    if problem.code == "pod-did-not-start" and about_image(reason):
        cause = pull_cause(reason)
        if cause in told:
            return Unknown(f"the probe's image was not pulled ({cause}), as told above", (), problem.code)
        told.add(cause)
    return Unknown(reason, problem.remedies, problem.code)
