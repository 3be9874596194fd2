"""One thing broken in a namespace of its own: what is made, when the damage shows, and the cause that has to be named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.broken.parts import Obj, Parts


@dataclass(frozen=True)
class Seen:
    """What a namespace holds at a moment, by kind."""

    objects: Mapping[str, list[Obj]]

    def of(self, kind: str) -> list[Obj]:
        """All of a kind."""
        return self.objects.get(kind, [])

    @property
    def states(self) -> list[Obj]:
        """Statuses of all containers."""
        return [s for pod in self.of("Pod") for s in (pod.get("status") or {}).get("containerStatuses") or []]

    def said(self, reason: str, words: str = "") -> bool:
        """Whether an event has said so."""
        return any(e.get("reason") == reason and words in str(e.get("message")) for e in self.of("Event"))

    def ready(self, name: str) -> bool:
        """Whether the pod of that name is Ready."""
        return any(
            c["type"] == "Ready" and c["status"] == "True"
            for pod in self.of("Pod")
            if pod["metadata"]["name"] == name
            for c in (pod.get("status") or {}).get("conditions") or []
        )


def not_pulled(*words: str) -> Callable[[Seen], bool]:
    """A pull has failed with one of these words, and the kubelet waits."""

    def shows(seen: Seen) -> bool:
        waiting = [(s.get("state") or {}).get("waiting") or {} for s in seen.states]
        messages = [str(e.get("message")) for e in seen.of("Event") if e.get("reason") == "Failed"]
        messages += [str(w.get("message")) for w in waiting]
        pulls = any(w.get("reason") in ("ErrImagePull", "ImagePullBackOff") for w in waiting)
        return pulls and any(word in message for word in words for message in messages)

    return shows


def pending(words: str = "") -> Callable[[Seen], bool]:
    """The scheduler has said so of a pod."""

    def shows(seen: Seen) -> bool:
        return any(
            c.get("type") == "PodScheduled" and c.get("status") == "False" and words in str(c.get("message"))
            for pod in seen.of("Pod")
            for c in (pod.get("status") or {}).get("conditions") or []
        )

    return shows


def said(reason: str, words: str = "") -> Callable[[Seen], bool]:
    """An event has said so."""
    return lambda seen: seen.said(reason, words)


def ended(seen: Seen) -> bool:
    """A container has ended badly, and is between two starts or after them."""
    return any(
        s.get("restartCount")
        and ((s.get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff"
        for s in seen.states
    )


def ready(*components: str) -> Callable[[Seen], bool]:
    """These pods are Ready."""
    names = ["opencost-0" if c == "opencost" else f"opencost-ai-{c}-0" for c in components]
    return lambda seen: all(seen.ready(name) for name in names)


@dataclass(frozen=True)
class Broken:
    """`make` is applied to a namespace that has what every install has (without what `lacks` names), then the damage is
    waited for with `shows`; `then`, where there is one, is applied after that, and `at_last` waited for.

    `door` names the front that the images are asked of; `sets` changes the answers; `also` are other causes that are
    truly there; `labels` are those of the namespace.
    """

    what: str
    first: str
    make: Callable[[Parts], list[Obj]]
    shows: Callable[[Seen], bool]
    door: str = ""
    lacks: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    then: Callable[[Parts], list[Obj]] | None = None
    at_last: Callable[[Seen], bool] | None = None
