"""egress-refused: no component gets out, shown from inside each of them, with controls (S1.38, S1.39)."""

from typing import Any, ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.cni import Cni, Enforcement
from wizard.facts.egress import LISTENER, LISTENER_BY_IPV6, LISTENERS, Egress, Seen
from wizard.facts.wanted import Wanted


class EgressRefused(Check):
    """FAIL for anything reached, whatever else passes; PASS only where policy, not the perimeter alone, is shown."""

    id = "egress-refused"
    title = "No component gets out"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, Egress)
    helped_by = (Cni,)
    must_be_known: ClassVar = frozenset({Moment.AFTER})
    seed = "S1.39"

    def judge(self, facts: Facts) -> Finding:
        """Leaks first, then broken controls, then what the blocking is owed to."""
        wanted, known, cni = facts.get(Wanted), facts.get(Egress), facts.get(Cni)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        out, inside = _leaks(known)
        proven = [name for name, seen in known.components.items() if _proven(seen, known)]
        shown = _shown(known)
        space = wanted.namespace
        policies = Remedy(
            "see that the chart's policies are there (networkPolicy.enabled: true)",
            f"kubectl -n {space} get networkpolicies",
        )
        plugin = Remedy(
            "see whether anything enforces policies here", "airgap-wizard explain cni-enforces-policy"
        )
        if out:
            return self.found(
                Grade.FAIL,
                f"egress: {'; '.join(out)}",
                shown,
                policies,
                plugin,
                detail="one address reached fails the install, whatever else passes",
            )
        if inside:
            return self.found(
                Grade.FAIL,
                "outside is blocked by the perimeter alone, enforcement not proven here: "
                f"{', '.join(inside)} reached a pod that the policy does not name",
                shown,
                policies,
                plugin,
                detail=_detail(known),
            )
        blind = {name: why for name, seen in known.components.items() if (why := _blind(seen))}
        if blind or not known.components:
            return self.found(
                Grade.UNKNOWN,
                f"egress is not shown from inside {', '.join(blind) or 'any component'}",
                shown,
                Remedy(
                    "a control did not work: see what the component may reach", f"kubectl -n {space} get pods"
                ),
                detail="; ".join(f"{name}: {why}" for name, why in blind.items()),
            )
        left = (
            f"ephemeral containers stay in the pods of {', '.join(known.left)}; "
            f"to be rid of them: kubectl -n {space} rollout restart deployment,statefulset"
        )
        if len(proven) == len(known.components):
            return self.found(
                Grade.PASS,
                f"nothing outside was reached from {', '.join(proven)}; the policy is what refused",
                shown,
                detail=f"{_detail(known)}; {left}",
            )
        if not isinstance(cni, Unknown) and cni.enforcement is Enforcement.ENFORCED:
            return self.found(
                Grade.PASS,
                "blocked, enforcement not proven here: shown by the experiment of cni-enforces-policy",
                shown,
                detail=f"{_detail(known)}; {left}",
            )
        return self.found(
            Grade.UNKNOWN,
            "blocked, enforcement not proven here",
            shown,
            plugin,
            detail=f"the perimeter blocks a pod without any policy as well; {_detail(known)}",
        )


def _leaks(known: Egress) -> tuple[list[str], list[str]]:
    """What was reached outside, as sentences; components that reached our listener."""
    out, inside = [], []
    for name, seen in known.components.items():
        reached = [target for target, outcome in seen.outcomes.items() if outcome == "reached"]
        out += [f"{name} reached {target}" for target in reached if target not in LISTENERS]
        if LISTENER in reached:
            inside.append(name)
        elif LISTENER_BY_IPV6 in reached:
            inside.append(f"{name} (by IPv6 alone)")
    return out, inside


def _proven(seen: Seen, known: Egress) -> bool:
    """Something that a pod without policy reaches, and this one did not."""
    return any(
        known.control.get(target) == "reached"
        for target, outcome in seen.outcomes.items()
        if outcome != "reached"
    )


def _blind(seen: Seen) -> str:
    if seen.why_not:
        return seen.why_not
    target, outcome = seen.allowed
    return (
        ""
        if outcome == "reached"
        else f"it does not even reach {target}, which it may ({outcome or 'not tried'})"
    )


def _shown(known: Egress) -> dict[str, Any]:
    matrix = {
        name: {target: _word(outcome) for target, outcome in seen.outcomes.items()}
        for name, seen in known.components.items()
    }
    return {
        "matrix": matrix,
        "withoutPolicy": {target: _word(outcome) for target, outcome in known.control.items()},
        "allowedReached": {name: seen.allowed[1] == "reached" for name, seen in known.components.items()},
        "ephemeralContainersIn": list(known.left),
    }


def _word(outcome: str) -> str:
    return "reached" if outcome == "reached" else "blocked"


def _detail(known: Egress) -> str:
    rows = []
    for target, outcome in known.control.items():
        cells = ", ".join(
            f"{name} {seen.outcomes.get(target, '-')}" for name, seen in known.components.items()
        )
        rows.append(f"{target}: {cells}; without policy {outcome}")
    return "; ".join(rows)
