"""What a diagnosis says: causes with their proofs and remedies, what was ruled out, and what is not known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from wizard.engine.events import Remedy


class Sure(StrEnum):
    """Confidence, in words. CERTAIN: the words or objects can mean nothing else; LIKELY: they usually mean this."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing seen: `about` names where (an object, a log, a check), `words` are what stands there."""

    about: str
    words: str


@dataclass(frozen=True, slots=True)
class RootCause:
    """Why something does not work. `code` has a page in `explain`.

    `rank`: the nearer to the root, the smaller; `suffers` are the objects and checks that show it; `explains` are
    codes of problems, checks and causes that are mere consequences: they are told under this one, not beside it.
    """

    code: str
    title: str
    sure: Sure
    proofs: tuple[Proof, ...]
    remedies: tuple[Remedy, ...]
    rank: int = 50
    suffers: tuple[str, ...] = ()
    explains: frozenset[str] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """What was looked at and is not the cause."""

    what: str
    because: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be looked at, and why: it is unknown, and no pass."""

    what: str
    why: str


Told = RootCause | RuledOut
"""What a family of causes says."""

DOWN = frozenset(
    {
        "gateway-healthy",
        "question-answered",
        "tools-proven",
        "model-on-volume",
        "images-as-recorded",
        "storage-binds",
        "egress-refused",
        "helm-timeout",
        "helm-hung",
        "pod-did-not-start",
        "pod-not-started",
        "preflight-failed",
        "verification-failed",
        "cluster-timeout",
    }
)
"""Consequences of whatever keeps a pod of the release, or of an experiment, from being Ready."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole of it, the likeliest cause first."""

    causes: tuple[RootCause, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    subject: str = ""
    looked: tuple[str, ...] = field(default=())
    """Families of causes that were asked."""


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))
