"""Outcomes that stay: a new pod is open, or refused, for its first moments, and those prove nothing."""

from collections.abc import Sequence
from typing import Protocol

from wizard.cluster.port import PodResult
from wizard.cluster.probes.words import said
from wizard.engine.stop import Stop

_SAME = 3
_TRIES = 20


class Place(Protocol):
    """Where a running probe can be told something more."""

    stop: Stop

    def exec(self, pod: str, words: Sequence[str], *, timeout: float = 30) -> PodResult: ...


def settled(place: Place, pod: str, target: str) -> str:
    """The outcome of a dial once it has been the same three times running; "unsettled" if it never is."""
    last, same = "", 0
    for _ in range(_TRIES):
        found = said(place.exec(pod, ["dial", target, "--timeout", "2s"]), f"dial {target} from {pod}")[-1]
        outcome = str(found.get("outcome", "unknown"))
        same = same + 1 if outcome == last else 1
        last = outcome
        if same == _SAME:
            return last
        place.stop.wait(0.7)
    return "unsettled"
