"""What Helm's words mean: each known refusal becomes a problem with its cause and what to do about it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from wizard.engine.problems import Problem, Remedy


@dataclass(frozen=True, slots=True)
class Where:
    """What Helm was doing, for messages and commands."""

    action: str
    release: str
    namespace: str
    chart: str = ""


@dataclass(frozen=True, slots=True)
class _Cause:
    words: re.Pattern[str]
    code: str
    title: str
    remedies: Callable[[Where], tuple[Remedy, ...]]


def _one(text: str, command: str = "") -> Callable[[Where], tuple[Remedy, ...]]:
    return lambda w: (Remedy(text, command.format(r=w.release, n=w.namespace, c=w.chart)),)


def _cause(words: str, code: str, title: str, remedies: Callable[[Where], tuple[Remedy, ...]]) -> _Cause:
    return _Cause(re.compile(words, re.IGNORECASE), code, title, remedies)


# in this order: the first that fits is the cause, and those further up say more than those further down
_CAUSES = (
    _cause(
        r"requires kubeVersion|incompatible with Kubernetes",
        "chart-needs-other-kubernetes",
        "the chart does not accept this Kubernetes",
        _one("compare the chart's kubeVersion with the cluster", "kubectl version"),
    ),
    _cause(
        r"another operation \(install/upgrade/rollback\) is in progress",
        "release-stuck",
        "release {r} in namespace {n} is held by an operation that has not ended",
        lambda w: (
            Remedy("see which revision is pending", f"helm history {w.release} -n {w.namespace}"),
            Remedy(
                "where no helm is at work any more, remove the record of that revision alone; objects stay",
                f"kubectl delete secret -n {w.namespace} -l owner=helm,name={w.release},"
                "status in (pending-install,pending-upgrade,pending-rollback)",
            ),
        ),
    ),
    _cause(
        r"cannot re-?use a name that is still in use",
        "helm-name-in-use",
        "there is a release {r} in namespace {n} already",
        _one("see what it is", "helm history {r} -n {n}"),
    ),
    _cause(
        r"updates to statefulset spec for fields other than|field is immutable",
        "helm-immutable-field",
        "an object of release {r} was to change in a field that the API lets nobody change",
        lambda w: (
            Remedy(
                "for the StatefulSet: remove it without its pods and its volume, then run again; the volume stays",
                f"kubectl delete statefulset -n {w.namespace} -l app.kubernetes.io/instance={w.release} --cascade=orphan",
            ),
        ),
    ),
    _cause(
        r"cannot be imported into the current release",
        "helm-foreign-object",
        "an object that release {r} would make exists already and belongs to something else",
        _one(
            "see what is there, and remove it or take another release name",
            "kubectl get all,cm,netpol -n {n}",
        ),
    ),
    _cause(
        r"Apply failed with \d+ conflict",
        "helm-conflict",
        "somebody else manages a field that release {r} sets",
        _one(
            "see who: managedFields of the object named below",
            "kubectl get all -n {n} -o yaml --show-managed-fields",
        ),
    ),
    _cause(
        r"exceeded quota|admission webhook .* denied|denied the request|violates PodSecurity",
        "cluster-refused",
        "the cluster does not admit an object of release {r}",
        _one("see quotas and policies of the namespace", "kubectl describe quota,limitrange -n {n}"),
    ),
    _cause(
        r"is forbidden: User|cannot (get|list|create|patch|update|delete|watch) resource",
        "cluster-forbidden",
        "we are not allowed to do what helm {a} needs",
        _one("give the missing rule to the account named below", "kubectl auth can-i --list -n {n}"),
    ),
    _cause(
        r"namespaces? \"[^\"]*\" not found",
        "namespace-missing",
        "namespace {n} does not exist",
        _one("make it (the step before this one does)", "airgap-wizard run --answers-file ANSWERS"),
    ),
    _cause(
        r"cluster unreachable|connection refused|no such host|i/o timeout|TLS handshake timeout|x509:"
        r"|invalid configuration: no configuration|connection lost",
        "cluster-unreachable",
        "the API server does not answer helm {a}",
        _one("see whether it answers you", "kubectl get --raw /readyz"),
    ),
    _cause(
        r"context deadline exceeded|timed out waiting|not ready\. status|release .* (failed|cancelled).*context",
        "helm-timeout",
        "not everything of release {r} became Ready in time",
        _one("see what the pods wait for", "kubectl get pods,pvc,events -n {n}"),
    ),
    _cause(
        r"parse error|execution error at|error converting YAML|template: |failed parsing|YAML parse error"
        r"|values don't meet the specifications|nil pointer evaluating|chart\.yaml file is missing",
        "chart-does-not-render",
        "chart {c} does not render with these values",
        _one("render it alone to see where", "helm template {r} {c} -n {n} --debug"),
    ),
)


def problem(words: str, where: Where) -> Problem:
    """The cause behind `words`; `helm-failed` where they are not known."""
    detail = words.strip() or "helm said nothing"
    values = {"r": where.release, "n": where.namespace, "c": where.chart or "?", "a": where.action}
    for cause in _CAUSES:
        if cause.words.search(words):
            return Problem(
                cause.code,
                cause.title.format(**values),
                detail=detail,
                remedies=cause.remedies(where),
                evidence={"action": where.action, "release": where.release, "namespace": where.namespace},
            )
    return Problem(
        "helm-failed",
        f"helm {where.action} failed for release {where.release} in namespace {where.namespace}",
        detail=detail,
        remedies=(Remedy("see what Helm recorded", f"helm history {where.release} -n {where.namespace}"),),
        evidence={"action": where.action, "release": where.release, "namespace": where.namespace},
    )


def gone(words: str) -> bool:
    """Whether Helm says that there is no such release."""
    return "release: not found" in words
