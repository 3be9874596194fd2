"""namespace-denied-by-default: a pod that nobody wrote a policy for does not get out either (facts 8)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.stray import Stray
from wizard.facts.wanted import Wanted


class NamespaceDeniedByDefault(Check):
    """WARN where it was not asked for."""

    id = "namespace-denied-by-default"
    title = "The namespace denies by default"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (Wanted, Stray)
    seed = "facts 8"

    def judge(self, facts: Facts) -> Finding:
        """Shown by a pod of ours that no policy names."""
        wanted, known = facts.get(Wanted), facts.get(Stray)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        space = wanted.namespace
        shown = {
            "asked": known.asked,
            "policy": known.policy,
            "elsewhere": known.control,
            "here": "reached" if known.outcome == "reached" else "blocked",
        }
        if not known.asked:
            return self.found(
                Grade.WARN,
                f"any other pod in {space} may reach what it wants: cluster.defaultDeny is false",
                shown,
                Remedy("set cluster.defaultDeny: true, unless others live in the namespace"),
            )
        if not known.policy:
            return self.found(
                Grade.FAIL,
                f"the default-deny policy of {space} is gone",
                shown,
                Remedy("make it again", "airgap-wizard run --answers-file F --only prepare-namespace"),
                detail="a controller that prunes, or somebody, has removed it",
            )
        if known.outcome == "reached":
            return self.found(
                Grade.FAIL,
                f"a pod in {space} that no policy names gets out, in spite of the default-deny policy",
                shown,
                Remedy(
                    "see whether anything enforces policies here", "airgap-wizard explain cni-enforces-policy"
                ),
            )
        if known.control != "reached" or known.outcome == "unsettled":
            return self.found(
                Grade.UNKNOWN,
                "whether the default deny holds is not shown",
                shown,
                Remedy(
                    "a control did not work: see why one pod does not reach another",
                    "kubectl get pods -A -o wide",
                ),
                detail=f"elsewhere {known.control}, here {known.outcome}",
            )
        return self.found(Grade.PASS, f"a pod in {space} that no policy names does not get out", shown)
