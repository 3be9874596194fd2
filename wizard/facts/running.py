"""What runs in the release's namespace: every container's image as asked for, and as the node has it (S1.2)."""

from dataclasses import dataclass

from wizard.cluster.objects.names import COMPONENT, INSTANCE, PURPOSE
from wizard.cluster.port import Obj
from wizard.facts.base import Sources
from wizard.facts.fetch import names, recorded_images

_KINDS = (
    ("container", "containers", "containerStatuses"),
    ("init", "initContainers", "initContainerStatuses"),
    ("ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"),
)


@dataclass(frozen=True, slots=True)
class Running:
    """One container. `image_id` is the runtime's, "" before it has started. `component` "" = not of the release."""

    pod: str
    component: str
    kind: str
    name: str
    image: str
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class RunningImages:
    """All of the namespace's pods; those of ours that only look are left out, what they left in others is not."""

    registry: str
    containers: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Digest by name (gateway, bridge, ollama, probe) as mirror-images recorded it, and the platforms' beneath it."""

    digests: tuple[tuple[str, str], ...]
    beneath: tuple[tuple[str, tuple[str, ...]], ...] = ()


def gather_running(sources: Sources) -> RunningImages:
    """Read the pods."""
    where = names(sources)
    found = []
    for pod in sources.cluster.list("Pod", where.namespace):
        labels = pod["metadata"].get("labels") or {}
        if PURPOSE in labels or pod["metadata"].get("deletionTimestamp"):
            continue
        component = str(labels.get(COMPONENT, "")) if labels.get(INSTANCE) == where.release else ""
        found += _containers(pod, component)
    return RunningImages(sources.answers.registry.host, tuple(found))


def _containers(pod: Obj, component: str) -> list[Running]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    found = []
    for kind, key, statuses in _KINDS:
        ids = {str(each.get("name")): str(each.get("imageID") or "") for each in status.get(statuses) or []}
        for container in spec.get(key) or []:
            name, image = str(container.get("name")), str(container.get("image"))
            found.append(
                Running(str(pod["metadata"]["name"]), component, kind, name, image, ids.get(name, ""))
            )
    return found


def gather_recorded(sources: Sources) -> Recorded:
    """From the steps of this run, or the record of the install. Empty where neither has it."""
    images = recorded_images(sources.recorded)
    digests = tuple(sorted((name, str(of["digest"])) for name, of in images.items() if of.get("digest")))
    beneath = tuple(
        sorted((name, tuple(str(each) for each in of.get("manifests") or ())) for name, of in images.items())
    )
    return Recorded(digests, beneath)
