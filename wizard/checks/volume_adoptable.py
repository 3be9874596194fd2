"""volume-adoptable: the claim that the StatefulSet will take by its name is absent, or the right one (S1.10, S1.31)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.cargo import Cargo
from wizard.facts.quantity import human, whole
from wizard.facts.release import Volume
from wizard.facts.wanted import Wanted


class VolumeAdoptable(Check):
    """FAIL for another release's claim, another class, a dying one, or one too small for the models."""

    id = "volume-adoptable"
    title = "The model's volume"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Wanted, Volume)
    helped_by = (Cargo,)
    seed = "S1.31"

    def judge(self, facts: Facts) -> Finding:
        """A StatefulSet adopts a claim by its name alone, whoever made it and whatever is on it."""
        wanted, known, cargo = facts.get(Wanted), facts.get(Volume), facts.get(Cargo)
        assert not isinstance(wanted, Unknown) and not isinstance(known, Unknown)
        at = wanted.answers.cluster
        weight = 0 if isinstance(cargo, Unknown) else sum(cargo.models.values())
        size = whole(known.size) if known.exists else whole(at.volume_size)
        shown = {"name": known.name, "storageClass": at.storage_class, "size": size}
        look = f"kubectl -n {at.namespace} get pvc {known.name} --show-labels"
        wrong = _wrong(known, at.release, at.storage_class) if known.exists else []
        if wrong:
            return self.found(
                Grade.FAIL,
                f"volume {known.name} exists and is not ours to take",
                shown,
                Remedy("see whose it is", look),
                Remedy(
                    "if nobody needs what is on it, delete it; otherwise choose another cluster.release or namespace",
                    f"kubectl -n {at.namespace} delete pvc {known.name}",
                ),
                detail="; ".join(wrong),
            )
        if weight and size < weight:
            return self.found(
                Grade.FAIL,
                f"the volume of {human(size)} cannot hold the models ({human(weight)})",
                shown,
                Remedy(f"set cluster.volumeSize to at least {-(-weight * 2 // 1024**3)}Gi"),
            )
        if weight and size < weight * 2:
            return self.found(
                Grade.WARN,
                f"the volume of {human(size)} holds the models ({human(weight)}) once, and not the next ones beside",
                shown,
                Remedy(f"set cluster.volumeSize to at least {-(-weight * 2 // 1024**3)}Gi"),
            )
        return self.found(Grade.PASS, f"volume {known.name} of {human(size)} can be made or taken", shown)


def _wrong(known: Volume, release: str, storage_class: str) -> list[str]:
    labels = dict(known.labels)
    wrong = []
    if known.deleting:
        wrong.append("it is being deleted, and goes as soon as no pod uses it")
    owner = labels.get("app.kubernetes.io/instance", "")
    if owner != release:
        wrong.append(f"its label app.kubernetes.io/instance says {owner or 'nothing'}, not {release}")
    if known.storage_class != storage_class:
        wrong.append(f"its StorageClass is {known.storage_class or 'none'}, not {storage_class}")
    return wrong
