"""Shortcuts for gatherers: a fact that must be known, and what all probes need."""

from typing import Any, TypeVar

from wizard.answers.model import Answers
from wizard.cluster.objects.credentials import registry_config
from wizard.cluster.objects.names import Names
from wizard.cluster.probes.scratch import Scratch, scratch
from wizard.engine.problems import Problem, Remedy
from wizard.engine.secrets import Secret
from wizard.facts.base import Sources

T = TypeVar("T")


def names(sources: Sources) -> Names:
    """Names that follow from the release."""
    return Names.of(sources.answers.cluster)


def internal(answers: Answers, name: str) -> str:
    """HOST/PREFIX/NAME of an image (`gateway`, `bridge`, `ollama`, `probe`) in the internal registry, untagged."""
    source: str = getattr(answers.images, name)
    path = source.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return f"{answers.registry.host}/{answers.registry.prefix}/{path}"


def recorded_images(recorded: dict[str, Any]) -> dict[str, Any]:
    """What earlier steps recorded of the images, by name: source, target, digest."""
    found: dict[str, Any] = {}
    for step in ("mirror-probe", "mirror-images"):
        found |= (recorded.get(step) or {}).get("images") or {}
    return found


def probe_image(sources: Sources) -> str:
    """The probe's image in the internal registry, pinned by digest.

    Raises Problem `probe-image-missing` where no step has carried it there yet.
    """
    return probe_reference(sources.answers, sources.recorded)


def probe_reference(answers: Answers, recorded: dict[str, Any]) -> str:
    """The same from answers and what was recorded."""
    known = recorded_images(recorded).get("probe")
    if not known or not known.get("digest"):
        raise Problem(
            "probe-image-missing",
            f"the probe image is not in {answers.registry.host} yet",
            detail="what has to be seen from inside the cluster is seen by it, so it is carried first",
            remedies=(Remedy("carry it there, and look then", "airgap-wizard preflight --answers-file F"),),
        )
    target = str(known.get("target") or internal(answers, "probe")).partition("@")[0]
    head, slash, tail = target.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}@{known['digest']}"


def pull_config(sources: Sources) -> Secret | None:
    """What the nodes will pull with; None for a registry that asks nobody."""
    return registry_config(sources.sites, sources.answers.registry.host)


def experiment(sources: Sources) -> Any:
    """A scratch namespace for this run (a context manager of `Scratch`)."""
    return scratch(sources.cluster, sources.stop, names(sources), probe_image(sources), pull_config(sources))


__all__ = ["Scratch", "experiment", "internal", "names", "probe_image", "probe_reference", "pull_config"]
