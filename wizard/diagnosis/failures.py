"""Pulls that failed, wherever they were seen: in a pod's state, in a run's problem, in the experiment of a check."""

import re
from dataclasses import dataclass

from wizard.cluster.port import Obj
from wizard.cluster.probes.causes import about_image, pull_cause
from wizard.cluster.waiting.pods import PULL, pull_words
from wizard.diagnosis.cause import Proof
from wizard.diagnosis.scene import Scene, statuses

_IMAGE = re.compile(r"(?:image|reference) \\?\"([^\"\\]{3,400})\\?\"")
_PROBLEMS = {"pod-did-not-start", "image-pull-failed", "pull-secret-refused", "model-load-failed"}


@dataclass(frozen=True, slots=True)
class Failed:
    """One failed pull. `kind` is that of `pull_cause`, made finer; `pod` where one of the release's waits for it."""

    kind: str
    image: str
    words: str
    about: str
    node: str = ""
    pod: Obj | None = None

    @property
    def proof(self) -> Proof:
        """As evidence."""
        return Proof(self.about, self.words)

    @property
    def sufferer(self) -> str:
        """The object that does not get its image."""
        return self.about.partition(": ")[0] if self.pod is not None else self.about

    @property
    def host(self) -> str:
        """The registry that the image is asked of."""
        head, slash, _ = self.image.partition("/")
        return head if slash and ("." in head or ":" in head or head == "localhost") else "docker.io"


def failures(scene: Scene) -> list[Failed]:
    """All of them. What the pods say now counts for more than what the run made of them."""
    pods = _of_pods(scene)
    return [*pods, *([] if pods else _of_run(scene)), *_of_check(scene)]


def kind_of(words: str) -> str:
    """The cause in the runtime's words; certificates are told apart."""
    low = words.lower()
    if pull_cause(words) == "client-certificate":
        return "client-certificate"
    if "x509" in low or "certificate" in low:
        if "expired" in low or "not yet valid" in low:
            return "certificate-expired"
        if "is valid for" in low or "doesn't contain any ip sans" in low or "not valid for any names" in low:
            return "certificate-other-name"
        if "http response" not in low:
            return "unknown-authority"
    if re.search(r"\b403\b|insufficient_scope", low) and not re.search(r"\b401\b", low):
        return "forbidden"  # "authorization failed" stands before either
    return pull_cause(words)


def _of_pods(scene: Scene) -> list[Failed]:
    found = []
    for pod in scene.pods():
        for container in statuses(pod):
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") not in PULL:
                continue
            words = pull_words(str(waiting.get("message") or ""), list(scene.events(pod)))
            name = str(pod["metadata"]["name"])
            found.append(
                Failed(
                    kind_of(words),
                    _image(pod, container),
                    words,
                    f"pod {name}: {waiting['reason']}",
                    str((pod.get("spec") or {}).get("nodeName") or ""),
                    pod,
                )
            )
    return found


def _image(pod: Obj, container: dict[str, object]) -> str:
    """The image as the spec asks for it: the status of a container that never ran may name another form."""
    spec = pod.get("spec") or {}
    for each in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        if each.get("name") == container.get("name") and each.get("image"):
            return str(each["image"])
    return str(container.get("image") or "")


def _of_run(scene: Scene) -> list[Failed]:
    fault = scene.fault
    if fault is None or fault.code not in _PROBLEMS or not about_image(fault.detail):
        return []
    image = _IMAGE.search(fault.detail)
    return [
        Failed(
            kind_of(fault.detail), image[1] if image else "", fault.detail, f"the run's end: {fault.title}"
        )
    ]


def _of_check(scene: Scene) -> list[Failed]:
    """One a node out of the experiment in which every node pulls."""
    finding = scene.failed("nodes-reach-registry")
    if finding is None or not isinstance(nodes := finding.evidence.get("nodes"), dict):
        return []
    found = []
    names = sorted(nodes)
    for node, outcome in nodes.items():
        if outcome == "pulled":
            continue
        words = _segment(finding.detail, node, names) or str(outcome)
        image = _IMAGE.search(words)
        kind = kind_of(words) if about_image(words) or "x509" in words else str(outcome)
        found.append(
            Failed(kind, image[1] if image else "", words, f"check nodes-reach-registry: {node}", node)
        )
    return found


def _segment(detail: str, node: str, nodes: list[str]) -> str:
    """What the check's detail (`NODE, NODE: words; NODE: words`) says of one node."""
    names = "|".join(map(re.escape, nodes))
    parts = re.split(f"(?:^|; )((?:{names})(?:, (?:{names}))*): ", detail)
    said = zip(parts[1::2], parts[2::2], strict=True)
    return next((words for who, words in said if node in who.split(", ")), "")
