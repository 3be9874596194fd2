"""Quotas and limit ranges of the release's namespace, against what the chart and we will ask of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from wizard.cluster.objects.names import COMPONENTS
from wizard.cluster.values.supplied import supplied
from wizard.engine.problems import Problem
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
    overrides: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What chart.overrides says of a component's resources: component → `requests.memory`, … → amount."""


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
    overrides = _overrides(sources.answers.chart.overrides)
    return Quota(
        where.namespace, tuple(limits), tuple(containers), tuple(volumes), workload is not None, overrides
    )


def _overrides(path: Path | None) -> dict[str, dict[str, float]]:
    """A file that cannot be read is told of by the step that writes the values."""
    try:
        values = supplied([path], {}) if path is not None and path.is_file() else {}
    except Problem:
        return {}
    found: dict[str, dict[str, float]] = {}
    for component in COMPONENTS:
        own = values.get(component)
        resources = own.get("resources") if isinstance(own, Mapping) else None
        for kind in ("requests", "limits"):
            amounts = resources.get(kind) if isinstance(resources, Mapping) else None
            for name, amount in (amounts if isinstance(amounts, Mapping) else {}).items():
                found.setdefault(component, {})[f"{kind}.{name}"] = float(number(str(amount)))
    return found
