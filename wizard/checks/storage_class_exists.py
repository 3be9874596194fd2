"""storage-class-exists: the model's volume has a class, named and not defaulted (S1.10, S1.31)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.storage import Storage


class StorageClassExists(Check):
    """FAIL where it does not exist; WARN where its volumes cannot grow."""

    id = "storage-class-exists"
    title = "StorageClass"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Storage,)
    seed = "S1.10"

    def judge(self, facts: Facts) -> Finding:
        """A volume that cannot grow will not hold a bigger model later: said, and no reason to stop."""
        known = facts.get(Storage)
        assert not isinstance(known, Unknown)
        if not known.exists:
            others = ", ".join(known.others) or "none"
            return self.found(
                Grade.FAIL,
                f"there is no StorageClass {known.name}",
                {"storageClass": known.name, "exists": False, "others": list(known.others)},
                Remedy(
                    f"name one that exists in cluster.storageClass ({others}), or have {known.name} made",
                    "kubectl get storageclass",
                ),
                detail=f"StorageClasses here: {others}",
            )
        shown = {
            "storageClass": known.name,
            "exists": True,
            "provisioner": known.provisioner,
            "binding": known.binding,
            "expands": known.expands,
        }
        if not known.expands:
            return self.found(
                Grade.WARN,
                f"StorageClass {known.name} exists; its volumes cannot grow",
                shown,
                Remedy("give cluster.volumeSize room for the largest model you will ever load, twice"),
                detail=f"{known.provisioner}, {known.binding}, allowVolumeExpansion is not true",
            )
        return self.found(
            Grade.PASS, f"StorageClass {known.name} ({known.provisioner}, {known.binding})", shown
        )
