"""Quotas and limit ranges of the release's namespace, against what the chart and we will ask of it."""

from dataclasses import dataclass
from decimal import Decimal

from wizard.facts.base import Sources
from wizard.facts.fetch import names
from wizard.facts.quantity import number


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of a quota: `free` is hard less used, in whole units."""

    quota: str
    resource: str
    hard: str
    free: float


@dataclass(frozen=True, slots=True)
class Quota:
    """`limits` of all ResourceQuotas; `container_max` of all LimitRanges: (range, resource, max)."""

    namespace: str
    limits: tuple[Limit, ...] = ()
    container_max: tuple[tuple[str, str, float], ...] = ()
    volume_max: tuple[tuple[str, float], ...] = ()
    installed: bool = False


def gather_quota(sources: Sources) -> Quota:
    """A namespace that does not exist has none."""
    where = names(sources)
    limits = []
    for quota in sources.cluster.list("ResourceQuota", where.namespace):
        used = (quota.get("status") or {}).get("used") or {}
        for resource, hard in sorted(((quota.get("spec") or {}).get("hard") or {}).items()):
            free: Decimal = number(hard) - number(used.get(resource))
            limits.append(Limit(str(quota["metadata"]["name"]), str(resource), str(hard), float(free)))
    containers, volumes = [], []
    for each in sources.cluster.list("LimitRange", where.namespace):
        name = str(each["metadata"]["name"])
        for limit in (each.get("spec") or {}).get("limits") or []:
            most = limit.get("max") or {}
            if limit.get("type") == "Container":
                containers += [(name, str(res), float(number(top))) for res, top in sorted(most.items())]
            elif limit.get("type") == "PersistentVolumeClaim" and "storage" in most:
                volumes.append((name, float(number(most["storage"]))))
    workload = sources.cluster.get("StatefulSet", where.of_component("ollama"), where.namespace)
    return Quota(where.namespace, tuple(limits), tuple(containers), tuple(volumes), workload is not None)
