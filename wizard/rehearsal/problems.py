"""The Problems that the simulated API server answers with: the codes of `wizard.cluster.port`."""

from wizard.engine.problems import Problem, Remedy


def refused(what: str, why: str) -> Problem:
    """The API server would not take it: admission, quota, an invalid object. `why` is in the API's own words."""
    return Problem(
        "cluster-refused",
        f"the cluster refused {what}",
        detail=why,
        remedies=(Remedy("read the API server's words above: they name the field or the rule"),),
    )


def forbidden(verb: str, resource: str, group: str, namespace: str | None) -> Problem:
    """RBAC does not let us; names the rule to add."""
    where = f" in namespace {namespace}" if namespace else ""
    rule = f'- apiGroups: ["{group}"]\n  resources: ["{resource}"]\n  verbs: ["{verb}"]'
    return Problem(
        "cluster-forbidden",
        f"not allowed to {verb} {resource}{where}",
        detail=f"add this rule to our {'Role' if namespace else 'ClusterRole'}:\n{rule}",
        remedies=(Remedy("have this rule added to the Role that the wizard runs with"),),
        evidence={"verb": verb, "resource": resource, "group": group, "namespace": namespace or ""},
    )


def unreachable(why: str) -> Problem:
    """The API server does not answer."""
    return Problem(
        "cluster-unreachable",
        "the Kubernetes API server does not answer",
        detail=why,
        remedies=(Remedy("check the API server and the way to it, then run again"),),
    )


def too_slow(what: str, seconds: float, why: str = "") -> Problem:
    """It did not end in time."""
    return Problem(
        "cluster-timeout",
        f"{what} did not end within {seconds:g} s",
        detail=why,
        remedies=(Remedy("look at the pod's events, then run again: what is done already is not repeated"),),
    )


def not_started(pod: str, namespace: str, cause: str, message: str) -> Problem:
    """A pod that never ran: image pull, scheduling, admission."""
    return Problem(
        "pod-did-not-start",
        f"the pod {namespace}/{pod} did not start: {cause}",
        detail=message,
        remedies=(Remedy("mend the cause named here, then run again"),),
        evidence={"pod": pod, "namespace": namespace, "reason": cause, "message": message},
    )
