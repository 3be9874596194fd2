"""What Helm's words mean: each known refusal becomes a problem with its cause and what to do about it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from wizard.cluster.waiting.refusal import remedy
from wizard.engine.problems import Problem, Remedy


@dataclass(frozen=True, slots=True)
class Where:
    """What Helm was doing, for messages and commands."""

    action: str
    release: str
    namespace: str
    chart: str = ""


def _problem(code: str, title: str, where: Where, words: str, *remedies: Remedy) -> Problem:
    return Problem(
        code,
        title,
        detail=words,
        remedies=remedies,
        evidence={"action": where.action, "release": where.release, "namespace": where.namespace},
    )


def _other_kubernetes(w: Where, words: str) -> Problem:
    return _problem(
        "chart-needs-other-kubernetes",
        "the chart does not accept this Kubernetes",
        w,
        words,
        Remedy("compare the chart's kubeVersion with the cluster", "kubectl version"),
    )


def _stuck(w: Where, words: str) -> Problem:
    return _problem(
        "release-stuck",
        f"release {w.release} in namespace {w.namespace} is held by an operation that has not ended",
        w,
        words,
        Remedy("see which revision is pending", f"helm history {w.release} -n {w.namespace}"),
        Remedy(
            "where no helm is at work any more, remove the record of that revision alone; objects stay",
            f"kubectl delete secret -n {w.namespace} -l 'owner=helm,name={w.release},"
            "status in (pending-install,pending-upgrade,pending-rollback)'",
        ),
    )


def _name_in_use(w: Where, words: str) -> Problem:
    return _problem(
        "helm-name-in-use",
        f"there is a release {w.release} in namespace {w.namespace} already",
        w,
        words,
        Remedy("see what it is", f"helm history {w.release} -n {w.namespace}"),
    )


def _immutable(w: Where, words: str) -> Problem:
    return _problem(
        "helm-immutable-field",
        f"an object of release {w.release} was to change in a field that the API lets nobody change",
        w,
        words,
        Remedy(
            "for the StatefulSet: remove it without its pods and its volume, then run again; the volume stays",
            f"kubectl delete statefulset -n {w.namespace} -l app.kubernetes.io/instance={w.release} --cascade=orphan",
        ),
    )


def _foreign(w: Where, words: str) -> Problem:
    return _problem(
        "helm-foreign-object",
        f"an object that release {w.release} would make exists already and belongs to something else",
        w,
        words,
        Remedy(
            "see what is there, and remove it or take another release name",
            f"kubectl get all,configmap,networkpolicy,serviceaccount -n {w.namespace}",
        ),
    )


def _conflict(w: Where, words: str) -> Problem:
    return _problem(
        "helm-conflict",
        f"somebody else manages a field that release {w.release} sets",
        w,
        words,
        Remedy(
            "see who: managedFields of the object named above",
            f"kubectl get deployment,statefulset,service,networkpolicy -n {w.namespace} -o yaml --show-managed-fields",
        ),
    )


def _refused(w: Where, words: str) -> Problem:
    return _problem(
        "cluster-refused",
        f"the cluster does not admit an object of release {w.release}",
        w,
        words,
        remedy(words, w.namespace),
    )


def _forbidden(w: Where, words: str) -> Problem:
    return _problem(
        "cluster-forbidden",
        f"we are not allowed to do what helm {w.action} needs",
        w,
        words,
        Remedy(
            "give the missing rule to the account named above", f"kubectl auth can-i --list -n {w.namespace}"
        ),
    )


def _no_namespace(w: Where, words: str) -> Problem:
    return _problem(
        "namespace-missing",
        f"namespace {w.namespace} does not exist",
        w,
        words,
        Remedy(
            "let the step before this one make it",
            "airgap-wizard run --answers-file F --from prepare-namespace",
        ),
    )


def _unreachable(w: Where, words: str) -> Problem:
    return _problem(
        "cluster-unreachable",
        f"the API server does not answer helm {w.action}",
        w,
        words,
        Remedy("see whether it answers you", "kubectl get --raw /readyz"),
    )


def _timeout(w: Where, words: str) -> Problem:
    return _problem(
        "helm-timeout",
        f"not everything of release {w.release} became Ready in time",
        w,
        words,
        Remedy("see what the pods wait for", f"kubectl get pods,pvc,events -n {w.namespace}"),
    )


def _unrendered(w: Where, words: str) -> Problem:
    return _problem(
        "chart-does-not-render",
        f"chart {w.chart or '?'} does not render with these values",
        w,
        words,
        Remedy(
            "render it alone to see where", f"helm template {w.release} {w.chart} -n {w.namespace} --debug"
        ),
    )


# in this order: the first that fits is the cause, and those further up say more than those further down
_CAUSES: tuple[tuple[str, Callable[[Where, str], Problem]], ...] = (
    (r"requires kubeVersion|incompatible with Kubernetes", _other_kubernetes),
    (r"another operation \(install/upgrade/rollback\) is in progress", _stuck),
    (r"cannot re-?use a name that is still in use", _name_in_use),
    (r"updates to statefulset spec for fields other than|field is immutable", _immutable),
    (r"cannot be imported into the current release", _foreign),
    (r"Apply failed with \d+ conflict", _conflict),
    (r"exceeded quota|admission webhook .* denied|denied the request|violates PodSecurity", _refused),
    (r"is forbidden: User|cannot (get|list|create|patch|update|delete|watch) resource", _forbidden),
    (r"namespaces? \"[^\"]*\" not found", _no_namespace),
    (
        r"cluster unreachable|connection refused|no such host|i/o timeout|TLS handshake timeout|x509:"
        r"|invalid configuration: no configuration|connection lost",
        _unreachable,
    ),
    (
        r"context deadline exceeded|timed out waiting|not ready\. status|release .* (failed|cancelled).*context",
        _timeout,
    ),
    (
        r"parse error|execution error at|error converting YAML|template: |failed parsing|YAML parse error"
        r"|values don't meet the specifications|nil pointer evaluating|chart\.yaml file is missing",
        _unrendered,
    ),
)


def problem(words: str, where: Where) -> Problem:
    """The cause behind `words`; `helm-failed` where they are not known."""
    told = words.strip() or "helm said nothing"
    for pattern, known in _CAUSES:
        if re.search(pattern, words, re.IGNORECASE):
            return known(where, told)
    return _problem(
        "helm-failed",
        f"helm {where.action} failed for release {where.release} in namespace {where.namespace}",
        where,
        told,
        Remedy("see what Helm recorded", f"helm history {where.release} -n {where.namespace}"),
    )


def unrendered(words: str, where: Where) -> Problem:
    """Rendering asks no cluster: whatever is wrong, the chart does not render, unless it wants another Kubernetes."""
    found = problem(words, where)
    return found if found.code == "chart-needs-other-kubernetes" else _unrendered(where, words.strip())


def stuck(where: Where, why: str) -> Problem:
    """`release-stuck`."""
    return _stuck(where, why)


def gone(words: str) -> bool:
    """Whether Helm says that there is no such release."""
    return "release: not found" in words
