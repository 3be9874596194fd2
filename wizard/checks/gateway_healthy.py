"""gateway-healthy: the gateway answers, and every component has a Ready pod. That alone proves little (facts 8)."""

import json
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.answer import Gateway
from wizard.facts.base import Facts, Unknown
from wizard.facts.wanted import Wanted


class GatewayHealthy(Check):
    """FAIL for no answer, another answer, or a component without a Ready pod."""

    id = "gateway-healthy"
    title = "Gateway and pods are healthy"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, Gateway)
    seed = "S1.36"

    def judge(self, facts: Facts) -> Finding:
        """Liveness only: questions, tools, model and egress have checks of their own."""
        wanted, known = facts.get(Wanted), facts.get(Gateway)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        state = _state(known.body)
        shown = {
            "outcome": known.outcome,
            "status": known.status,
            "says": state,
            "unready": [component for component, _ in known.unready],
        }
        pods = Remedy("see the pods", f"kubectl -n {wanted.namespace} get pods -o wide")
        if known.unready:
            return self.found(
                Grade.FAIL,
                f"not Ready: {', '.join(component for component, _ in known.unready)}",
                shown,
                pods,
                Remedy(
                    "see what the events say",
                    f"kubectl -n {wanted.namespace} get events --sort-by .lastTimestamp",
                ),
                detail="; ".join(f"{component}: {why}" for component, why in known.unready),
            )
        if known.outcome == "answered" and known.status == 200 and state == "ok":
            return self.found(Grade.PASS, "the gateway says ok, and every component has a Ready pod", shown)
        said = (
            known.outcome
            if known.outcome != "answered"
            else f"{known.status} {state or known.body[:80]}".strip()
        )
        return self.found(
            Grade.FAIL,
            f"the gateway does not answer from inside the namespace: {said}",
            shown,
            Remedy(
                "see its log", f"kubectl -n {wanted.namespace} logs -l app.kubernetes.io/component=gateway"
            ),
            pods,
            detail=f"{known.url} from a pod in {wanted.namespace} that may reach it",
        )


def _state(body: str) -> str:
    try:
        value = json.loads(body or "{}")
    except ValueError:
        return ""
    return str(value.get("status", "")) if isinstance(value, dict) else ""
