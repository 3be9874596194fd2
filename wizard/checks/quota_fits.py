"""quota-fits: what the chart's pods and the loader ask fits the namespace's quotas and limits."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.quantity import human, number
from wizard.facts.quota import Quota
from wizard.facts.wanted import Wanted

GIB = 1024**3
# the chart's defaults (0.1.x), gateway + bridge + ollama, and the loader's pod before them
ASKED = {
    "requests.cpu": 0.6,
    "requests.memory": (64 + 128) * 1024**2 + 2 * GIB,
    "limits.cpu": 5.0,
    "limits.memory": (256 + 512) * 1024**2 + 8 * GIB,
    "pods": 4.0,
    "persistentvolumeclaims": 1.0,
    "services": 3.0,
    "secrets": 4.0,
    "configmaps": 2.0,
}
ASKED |= {"cpu": ASKED["requests.cpu"], "memory": ASKED["requests.memory"]}
ASKED |= {f"count/{name}": ASKED[name] for name in ("pods", "services", "secrets", "configmaps")}
ASKED |= {"count/deployments.apps": 2.0, "count/statefulsets.apps": 1.0}
LARGEST = {"cpu": 4.0, "memory": 8.0 * GIB}


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
        asked = ASKED | {"requests.storage": size}
        tight = [
            f"{limit.quota}: {limit.resource} has {_amount(limit.resource, limit.free)} left of {limit.hard}, "
            f"{_amount(limit.resource, asked[limit.resource])} is needed"
            for limit in known.limits
            if not known.installed and limit.free < asked.get(limit.resource, 0.0)
        ]
        tight += [
            f"{name}: a container may have {_amount(resource, most)} of {resource}, Ollama asks "
            f"{_amount(resource, LARGEST[resource])}"
            for name, resource, most in known.container_max
            if most < LARGEST.get(resource, 0.0)
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
                Remedy(
                    "have the quota raised, or lower requests and limits in chart.overrides",
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


def _amount(resource: str, value: float) -> str:
    if "memory" in resource or "storage" in resource:
        return human(max(0, int(value)))
    return f"{max(0.0, value):g}"
