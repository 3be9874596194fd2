"""A model's artefact into a registry or a layout: one pass over the weights, hashed while they are sent."""

from dataclasses import dataclass

from wizard.engine.events import Outcome
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.model.artefact import Artefact
from wizard.model.gguf import read_gguf
from wizard.model.source import ModelSource
from wizard.oci.copy import copy
from wizard.oci.progress import Report, quiet
from wizard.oci.store import Store


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: the artefact's digest, bytes sent and bytes that were there."""

    outcome: Outcome
    digest: str
    sent: int
    present: int


def push_artefact(
    artefact: Artefact,
    target: Store,
    tag: str = "",
    report: Report = quiet,
    stop: Stop | None = None,
    *,
    jobs: int = 4,
) -> Pushed:
    """Push under `tag` ("" = by digest only). The tag appears last, when everything is there.

    Raises `model-not-gguf` before a byte is sent, `model-blob-damaged` where the weights turn out not to be what
    their name says (the registry keeps nothing of them), what the target raises, and Stopped.
    """
    read_gguf(artefact.model.gguf)
    source = ModelSource(artefact)
    try:
        done = copy(source, artefact.digest, target, tag, jobs=jobs, report=report, stop=stop)
    except Problem as problem:
        raise source.explain(problem) from None
    return Pushed(Outcome.DONE if done.changed else Outcome.ALREADY, artefact.digest, done.sent, done.present)


def already_pushed(artefact: Artefact, target: Store, tag: str = "") -> str:
    """The digest where `tag` ("" = the digest itself) of the target is this artefact, else "" (S1.45).

    One HEAD: a registry takes a manifest only when it has every blob of it.
    """
    found = target.resolve(tag or artefact.digest)
    return artefact.digest if found is not None and found.digest == artefact.digest else ""
