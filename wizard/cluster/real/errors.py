"""The API's errors as Problems: what was asked, of whom, and the API server's own words."""

import json
from typing import Any

from wizard.engine.problems import Problem, Remedy


def refused(what: str, status: int, body: bytes | str) -> Problem:
    """Of an HTTP status; 403 by RBAC is told apart from 403 by admission or quota."""
    words = _message(body)
    if status in (401, 403) and (status == 401 or ("cannot " in words and "resource" in words)):
        return _forbidden(what, status, words)
    if status in (429, 500, 502, 503, 504):
        return unreachable(what, f"HTTP {status}: {words}")
    return Problem(
        "cluster-refused",
        f"the cluster refused {what}",
        detail=words,
        remedies=(Remedy("read the API server's words above: they name the field or the rule"),),
        evidence={"status": status},
    )


def _forbidden(what: str, status: int, words: str) -> Problem:
    return Problem(
        "cluster-forbidden",
        f"not allowed to {what}" if status == 403 else "the cluster does not accept who we are",
        detail=words,
        remedies=(
            Remedy("have the shipped Role and ClusterRole applied", "airgap-wizard explain rbac-sufficient")
            if status == 403
            else Remedy("renew the credentials in the kubeconfig"),
        ),
        evidence={"status": status},
    )


def unreachable(what: str, why: str) -> Problem:
    """No answer, or none that means anything."""
    return Problem(
        "cluster-unreachable",
        f"the Kubernetes API server does not answer: {what}",
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


def _message(body: bytes | str) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        data: Any = json.loads(text)
        return str(data["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]
