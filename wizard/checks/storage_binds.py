"""storage-binds: a small volume of the class was bound and mounted by a restricted pod (S1.10)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.binding import Binding


class StorageBinds(Check):
    """PASS where both happened."""

    id = "storage-binds"
    title = "Storage binds"
    when: ClassVar = frozenset({Moment.BEFORE})
    needs = (Binding,)
    seed = "S1.10"

    def judge(self, facts: Facts) -> Finding:
        """A class that exists and whose provisioner is dead is the common case."""
        known = facts.get(Binding)
        assert not isinstance(known, Unknown)
        shown = {"storageClass": known.storage_class, "phase": known.phase, "mounted": known.mounted}
        if known.phase == "Bound" and known.mounted:
            return self.found(
                Grade.PASS, f"a volume of class {known.storage_class} was bound and mounted", shown
            )
        if known.phase == "Bound":
            return self.found(
                Grade.FAIL,
                f"a volume of class {known.storage_class} was bound, and no pod could run with it",
                shown,
                Remedy("see the CSI node plugin's log on the nodes", "kubectl get csinodes"),
                detail=known.why,
            )
        return self.found(
            Grade.FAIL,
            f"a volume of class {known.storage_class} stays {known.phase}",
            shown,
            Remedy(
                "see whether the provisioner runs, and what it says",
                f"kubectl describe storageclass {known.storage_class}",
            ),
            detail=known.why or "nobody said why: the provisioner is probably not running",
        )
