"""What we may not do, asked with SelfSubjectAccessReview before anything depends on it."""

from dataclasses import dataclass

from wizard.cluster.objects.rbac import RULES
from wizard.facts.base import Sources
from wizard.facts.fetch import names


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing we may not do. `namespace` empty = anywhere."""

    verb: str
    resource: str
    group: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Rbac:
    """`asked` is how many rules were; `silent` those that the cluster does not answer for."""

    asked: int
    refused: tuple[Refused, ...] = ()
    silent: int = 0
    account: str = ""
    """Who we are, as RBAC knows it; "" where the cluster does not say."""


def gather_rbac(sources: Sources) -> Rbac:
    """Ask for each verb of each rule."""
    space = names(sources).namespace
    refused, asked, silent = [], 0, 0
    for rule in RULES:
        where = None if rule.wide else space
        for verb in rule.verbs:
            asked += 1
            allowed = sources.cluster.may(verb, rule.kind, where)
            if allowed is None:
                silent += 1
            elif not allowed:
                refused.append(Refused(verb, rule.resource, rule.group, where or ""))
    return Rbac(asked, tuple(refused), silent, sources.cluster.me() if refused else "")
