"""quota-fits: what the chart's pods and the loader ask fits the namespace's quotas and limits."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.quantity import human, number
from wizard.facts.quota import Quota
from wizard.facts.wanted import Wanted

GIB = 1024**3
MIB = 1024**2
# the chart's defaults (0.1.x): cpu and memory, requested and limited
DEFAULTS = {
    "gateway": {
        "requests.cpu": 0.05,
        "requests.memory": 64 * MIB,
        "limits.cpu": 0.5,
        "limits.memory": 256 * MIB,
    },
    "bridge": {
        "requests.cpu": 0.05,
        "requests.memory": 128 * MIB,
        "limits.cpu": 0.5,
        "limits.memory": 512 * MIB,
    },
    "ollama": {"requests.cpu": 0.5, "requests.memory": 2 * GIB, "limits.cpu": 4.0, "limits.memory": 8 * GIB},
}
# two small pods of ours, while the release is proved
OURS = {
    "requests.cpu": 2 * 0.01,
    "requests.memory": 2 * 16 * MIB,
    "limits.cpu": 2 * 0.5,
    "limits.memory": 2 * 128 * MIB,
}
# objects: the three components, and those two
OBJECTS = {
    "pods": 5.0,
    "persistentvolumeclaims": 1.0,
    "services": 3.0,
    "secrets": 4.0,
    "configmaps": 2.0,
}
OBJECTS |= {f"count/{name}": OBJECTS[name] for name in ("pods", "services", "secrets", "configmaps")}
OBJECTS |= {"count/deployments.apps": 2.0, "count/statefulsets.apps": 1.0}


class QuotaFits(Check):
    """FAIL where one line of a quota is too small; PASS where there is none."""

    id = "quota-fits"
    title = "Quota and limits"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Wanted, Quota)
    seed = "design"

    def judge(self, facts: Facts) -> Finding:
        """An installed release has taken its part already, and is not counted twice."""
        wanted, known = facts.get(Wanted), facts.get(Quota)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        size = float(number(wanted.answers.cluster.volume_size))
        each = {name: own | dict(known.overrides.get(name, {})) for name, own in DEFAULTS.items()}
        asked = OBJECTS | _sums(each) | {"requests.storage": size}
        tight = [
            f"{limit.quota}: {limit.resource} has {_amount(limit.resource, limit.free)} left of {limit.hard}, "
            f"{_amount(limit.resource, asked[limit.resource])} is needed"
            for limit in known.limits
            if not known.installed and limit.free < asked.get(limit.resource, 0.0)
        ]
        tight += [
            f"{name}: a container may have {_amount(resource, most)} of {resource}, {component} asks "
            f"{_amount(resource, own[f'limits.{resource}'])}"
            for name, resource, most in known.container_max
            for component, own in each.items()
            if most < own.get(f"limits.{resource}", 0.0)
        ]
        tight += [
            f"{name}: a volume may have {human(int(most))}, {human(int(size))} is asked"
            for name, most in known.volume_max
            if most < size
        ]
        shown = {
            "namespace": known.namespace,
            "quotas": sorted({limit.quota for limit in known.limits}),
            "tight": len(tight),
        }
        if tight:
            return self.found(
                Grade.FAIL,
                f"the quota of namespace {known.namespace} is too small",
                shown,
                *(raised := tuple(_raised(known, asked))),
                Remedy(
                    ("or " if raised else "")
                    + "lower requests and limits in chart.overrides; see what there is",
                    f"kubectl -n {known.namespace} describe resourcequota,limitrange",
                ),
                detail="; ".join(tight),
            )
        has = (
            f"{len({limit.quota for limit in known.limits})} quotas fit"
            if known.limits
            else "no quota stands in the way"
        )
        return self.found(Grade.PASS, has, shown)


def _raised(known: Quota, asked: Mapping[str, float]) -> Iterator[Remedy]:
    """One command a quota that is too small: what stands there, and what is missing on top of it."""
    short: dict[str, dict[str, str]] = {}
    for limit in known.limits:
        missing = asked.get(limit.resource, 0.0) - limit.free
        if not known.installed and missing > 0:
            short.setdefault(limit.quota, {})[limit.resource] = _quantity(
                limit.resource, float(number(limit.hard)) + missing
            )
    for quota, hard in short.items():
        patch = json.dumps({"spec": {"hard": hard}}, separators=(",", ":"))
        yield Remedy(
            f"raise the quota {quota} by what is missing",
            f"kubectl -n {known.namespace} patch resourcequota {quota} --type merge -p '{patch}'",
        )


def _quantity(resource: str, value: float) -> str:
    """As the API writes it, rounded up."""
    if "memory" in resource or "storage" in resource:
        return f"{math.ceil(value / 1024**2)}Mi"
    return f"{math.ceil(value * 1000)}m" if "cpu" in resource else str(math.ceil(value))


def _sums(each: dict[str, dict[str, float]]) -> dict[str, float]:
    """What all three ask together, and ours; a quota's plain `cpu` and `memory` are requests."""
    total: dict[str, float] = dict(OURS)
    for own in each.values():
        for key, amount in own.items():
            total[key] = total.get(key, 0.0) + amount
    return total | {name: total.get(f"requests.{name}", 0.0) for name in ("cpu", "memory")}


def _amount(resource: str, value: float) -> str:
    if "memory" in resource or "storage" in resource:
        return human(max(0, int(value)))
    return f"{max(0.0, value):g}"
