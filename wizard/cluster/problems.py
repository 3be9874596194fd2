"""The problems of the port to Kubernetes, the same from every adapter: what was asked, and the cluster's own words."""

from collections.abc import Mapping
from typing import Any

from wizard.engine.problems import Problem, Remedy


def refused(what: str, words: str, evidence: Mapping[str, Any] | None = None) -> Problem:
    """The API server would not take it: admission, quota, an invalid object."""
    return Problem(
        "cluster-refused",
        f"the cluster refused {what}",
        detail=words,
        remedies=(Remedy("read the API server's words above: they name the field or the rule"),),
        evidence=evidence,
    )


def unreachable(why: str, what: str = "") -> Problem:
    """No answer, or none that means anything."""
    return Problem(
        "cluster-unreachable",
        "the Kubernetes API server does not answer" + (f": {what}" if what else ""),
        detail=why,
        remedies=(
            Remedy("check the API server and the way to it, then run again: what is done is recognised"),
        ),
        evidence={"why": why},
    )


def too_slow(what: str, seconds: float, why: str = "") -> Problem:
    """It did not end in time."""
    return Problem(
        "cluster-timeout",
        f"{what} did not end within {seconds:g} s",
        detail=why,
        remedies=(Remedy("look at the events of the pod, then run again: what is done is recognised"),),
    )


def not_started(pod: str, namespace: str, reason: str, message: str) -> Problem:
    """A pod that never ran: image pull, scheduling, admission, a volume."""
    return Problem(
        "pod-did-not-start",
        f"the pod {namespace}/{pod} did not start: {reason}",
        detail=message,
        remedies=(Remedy("mend the cause named here, then run again"),),
        evidence={"pod": pod, "namespace": namespace, "reason": reason, "message": message},
    )
