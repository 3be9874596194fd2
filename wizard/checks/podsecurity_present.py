"""podsecurity-present: `restricted` is enforced, not only written on the namespace (S1.33)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.podsecurity import PodSecurity


class PodSecurityPresent(Check):
    """FAIL where a privileged pod would be admitted under `restricted`."""

    id = "podsecurity-present"
    title = "PodSecurity admission"
    when: ClassVar = frozenset({Moment.BEFORE})
    needs = (PodSecurity,)
    seed = "S1.33"

    def judge(self, facts: Facts) -> Finding:
        """The labels are set by us; that something reads them is what has to be shown."""
        known = facts.get(PodSecurity)
        assert not isinstance(known, Unknown)
        weaker = {key: value for key, value in known.labels if value != "restricted"}
        shown = {"violatingPodRefused": known.refused, "weakerLabels": weaker}
        if not known.refused:
            return self.found(
                Grade.FAIL,
                "a privileged pod is admitted into a namespace labelled `restricted`",
                shown,
                Remedy(
                    "switch the PodSecurity admission plugin of the API server on, or have a policy engine enforce "
                    "the same",
                    "kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep admission",
                ),
                detail="offered as a dry run: nothing of it was kept",
            )
        if weaker:
            words = ", ".join(f"{key.rpartition('/')[2]}={value}" for key, value in sorted(weaker.items()))
            return self.found(
                Grade.WARN,
                f"the namespace is there and labelled weaker than `restricted`: {words}",
                shown,
                Remedy(
                    "prepare-namespace sets the three labels; move other pods out of it first if they need more"
                ),
            )
        return self.found(Grade.PASS, "PodSecurity refuses what breaks `restricted`", shown)
