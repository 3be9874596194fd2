"""cni-enforces-policy: the air gap's policies hold only where the CNI enforces them (S1.9)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.cni import Cni, Enforcement


class CniEnforcesPolicy(Check):
    """PASS only by experiment: a denied client is refused, an undenied one gets through."""

    id = "cni-enforces-policy"
    title = "The CNI enforces NetworkPolicy"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.AFTER, Moment.BROKEN})
    must_be_known: ClassVar = frozenset({Moment.BEFORE})  # afterwards the egress matrix proves more
    needs = (Cni,)
    seed = "S1.9"

    def judge(self, facts: Facts) -> Finding:
        """The experiment decides; the CNI's name is beside it."""
        known = facts.get(Cni)
        assert not isinstance(known, Unknown)
        who = ", ".join(known.names) or "no CNI known by its DaemonSet"
        shown = {
            "cni": list(known.names),
            "enforcement": str(known.enforcement),
            "withoutPolicy": known.open,
            "underDefaultDeny": "reached" if known.denied == "reached" else "not reached",
        }
        seen = f"without a policy: {known.open}; under default-deny egress: {known.denied}"
        if known.enforcement is Enforcement.ENFORCED:
            return self.found(Grade.PASS, f"NetworkPolicy is enforced ({who})", shown, detail=seen)
        if known.enforcement is Enforcement.NOT_ENFORCED:
            return self.found(
                Grade.FAIL,
                f"NetworkPolicy is accepted and not enforced ({who})",
                shown,
                Remedy(
                    "install a CNI, or an agent beside it, that enforces NetworkPolicy: Calico, Cilium, Antrea, "
                    "kube-network-policies",
                    "kubectl -n kube-system get daemonsets",
                ),
                detail=f"a pod that may reach nothing reached another one ({seen}): the air gap would be on paper",
            )
        return self.found(
            Grade.UNKNOWN,
            f"whether NetworkPolicy is enforced could not be shown ({who})",
            shown,
            Remedy("see why a pod cannot reach another pod's address", "kubectl get pods -A -o wide"),
            detail=f"the control did not work: {seen}; nothing is installed where that is not known",
        )
