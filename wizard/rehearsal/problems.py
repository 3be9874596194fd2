"""What the simulated API server's RBAC answers; its other problems are those of the port (`wizard.cluster.problems`)."""

from wizard.engine.problems import Problem, Remedy


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
