"""RBAC as the world describes it: everything is allowed but for what `rbac` denies."""

from wizard.rehearsal.description import Description
from wizard.rehearsal.kube.kinds import kind as kind_of
from wizard.rehearsal.problems import forbidden


def allowed(world: Description, verb: str, kind: str, namespace: str | None) -> bool:
    """Whether no rule denies it."""
    plural = kind_of(kind.partition("/")[0]).plural
    return not any(
        (not d.verbs or verb in d.verbs)
        and (not d.kinds or kind in d.kinds or plural in d.kinds)
        and (not d.namespaces or (namespace or "") in d.namespaces)
        for d in world.rbac
    )


def need(world: Description, verb: str, kind: str, namespace: str | None) -> None:
    """Raises `cluster-forbidden` with the rule to add."""
    if not allowed(world, verb, kind, namespace):
        known = kind_of(kind.partition("/")[0])
        sub = kind.partition("/")[2]
        resource = f"{known.plural}/{sub}" if sub else known.plural
        raise forbidden(verb, resource, known.group, namespace if known.namespaced else None)
