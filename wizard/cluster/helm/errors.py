"""What Helm's words mean: each known refusal becomes a problem with its cause and what to do about it."""

import re
from dataclasses import dataclass

from wizard.cluster.waiting.refusal import remedies
from wizard.engine.events import Fault
from wizard.engine.problems import Problem, Remedy


@dataclass(frozen=True, slots=True)
class Where:
    """What Helm was doing, for messages and commands."""

    action: str
    release: str
    namespace: str
    chart: str = ""


_STUCK = Fault(
    "release-stuck",
    "release {release} in namespace {namespace} is held by an operation that has not ended",
    remedies=(
        Remedy("see which revision is pending", "helm history {release} -n {namespace}"),
        Remedy(
            "where no helm is at work any more, remove the record of that revision alone; objects stay",
            "kubectl delete secret -n {namespace} -l 'owner=helm,name={release},"
            "status in (pending-install,pending-upgrade,pending-rollback)'",
        ),
    ),
)
_UNRENDERED = Fault(
    "chart-does-not-render",
    "chart {chart} does not render with these values",
    remedies=(
        Remedy("render it alone to see where", "helm template {release} {chart} -n {namespace} --debug"),
    ),
)
_UNKNOWN = Fault(
    "helm-failed",
    "helm {action} failed for release {release} in namespace {namespace}",
    remedies=(Remedy("see what Helm recorded", "helm history {release} -n {namespace}"),),
)

# in this order: the first that fits is the cause, and those further up say more than those further down
_CAUSES: tuple[tuple[str, Fault], ...] = (
    (
        r"requires kubeVersion|incompatible with Kubernetes",
        Fault(
            "chart-needs-other-kubernetes",
            "the chart does not accept this Kubernetes",
            remedies=(Remedy("compare the chart's kubeVersion with the cluster", "kubectl version"),),
        ),
    ),
    (r"another operation \(install/upgrade/rollback\) is in progress", _STUCK),
    (
        r"cannot re-?use a name that is still in use",
        Fault(
            "helm-name-in-use",
            "there is a release {release} in namespace {namespace} already",
            remedies=(Remedy("see what it is", "helm history {release} -n {namespace}"),),
        ),
    ),
    (
        r"updates to statefulset spec for fields other than|field is immutable",
        Fault(
            "helm-immutable-field",
            "an object of release {release} was to change in a field that the API lets nobody change",
            remedies=(
                Remedy(
                    "for the StatefulSet: remove it without its pods and its volume, then run again; the volume stays",
                    "kubectl delete statefulset -n {namespace} -l app.kubernetes.io/instance={release} "
                    "--cascade=orphan",
                ),
            ),
        ),
    ),
    (
        r"cannot be imported into the current release",
        Fault(
            "helm-foreign-object",
            "an object that release {release} would make exists already and belongs to something else",
            remedies=(
                Remedy(
                    "see what is there, and remove it or take another release name",
                    "kubectl get all,configmap,networkpolicy,serviceaccount -n {namespace}",
                ),
            ),
        ),
    ),
    (
        r"Apply failed with \d+ conflict",
        Fault(
            "helm-conflict",
            "somebody else manages a field that release {release} sets",
            remedies=(
                Remedy(
                    "see who: managedFields of the object named above",
                    "kubectl get deployment,statefulset,service,networkpolicy -n {namespace} -o yaml "
                    "--show-managed-fields",
                ),
            ),
        ),
    ),
    (
        r"exceeded quota|denied (the )?request|violates PodSecurity|failed calling webhook",
        Fault("cluster-refused", "the cluster does not admit an object of release {release}"),
    ),
    (
        r"is forbidden: User|cannot (get|list|create|patch|update|delete|watch) resource",
        Fault(
            "cluster-forbidden",
            "we are not allowed to do what helm {action} needs",
            remedies=(
                Remedy(
                    "give the missing rule to the account named above",
                    "kubectl auth can-i --list -n {namespace}",
                ),
            ),
        ),
    ),
    (
        r"namespaces? \"[^\"]*\" not found",
        Fault(
            "namespace-missing",
            "namespace {namespace} does not exist",
            remedies=(
                Remedy(
                    "let the step before this one make it",
                    "airgap-wizard run --answers-file F --from prepare-namespace",
                ),
            ),
        ),
    ),
    (
        r"cluster unreachable|connection refused|no such host|i/o timeout|TLS handshake timeout|x509:"
        r"|invalid configuration: no configuration|connection lost",
        Fault(
            "cluster-unreachable",
            "the API server does not answer helm {action}",
            remedies=(Remedy("see whether it answers you", "kubectl get --raw /readyz"),),
        ),
    ),
    (
        r"context deadline exceeded|timed out waiting|not ready\. status|release .* (failed|cancelled).*context",
        Fault(
            "helm-timeout",
            "not everything of release {release} became Ready in time",
            remedies=(Remedy("see what the pods wait for", "kubectl get pods,pvc,events -n {namespace}"),),
        ),
    ),
    (
        r"parse error|execution error at|error converting YAML|template: |failed parsing|YAML parse error"
        r"|values don't meet the specifications|nil pointer evaluating|chart\.yaml file is missing",
        _UNRENDERED,
    ),
)


def _problem(fault: Fault, where: Where, words: str) -> Problem:
    """The fault with what Helm was doing put into its title and commands."""
    names = {
        "action": where.action,
        "release": where.release,
        "namespace": where.namespace,
        "chart": where.chart or "?",
    }
    known = tuple(Remedy(r.text, r.command.format(**names)) for r in fault.remedies)
    return Problem(
        fault.code,
        fault.title.format(**names),
        detail=words,
        remedies=known or remedies(words, where.namespace),
        evidence={name: names[name] for name in ("action", "release", "namespace")},
    )


def problem(words: str, where: Where) -> Problem:
    """The cause behind `words`; `helm-failed` where they are not known."""
    told = words.strip() or "helm said nothing"
    found = (fault for pattern, fault in _CAUSES if re.search(pattern, words, re.IGNORECASE))
    return _problem(next(found, _UNKNOWN), where, told)


def unrendered(words: str, where: Where) -> Problem:
    """Rendering asks no cluster: whatever is wrong, the chart does not render, unless it wants another Kubernetes."""
    found = problem(words, where)
    return (
        found if found.code == "chart-needs-other-kubernetes" else _problem(_UNRENDERED, where, words.strip())
    )


def stuck(where: Where, why: str) -> Problem:
    """`release-stuck`."""
    return _problem(_STUCK, where, why)


def gone(words: str) -> bool:
    """Whether Helm says that there is no such release."""
    return "release: not found" in words
