"""images-internal: every container, init and ephemeral included, comes from the internal registry (S1.2)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.running import RunningImages


class ImagesInternal(Check):
    """FAIL where one does not; UNKNOWN where nothing runs."""

    id = "images-internal"
    title = "Images come from the internal registry"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (RunningImages,)
    seed = "S1.2"

    def judge(self, facts: Facts) -> Finding:
        """The specs are looked at: what a node pulls next follows from them."""
        known = facts.get(RunningImages)
        assert not isinstance(known, Unknown)
        outside = [each for each in known.containers if not each.image.startswith(known.registry + "/")]
        images = sorted({each.image for each in known.containers})
        shown = {
            "registry": known.registry,
            "images": images,
            "outside": sorted({each.image for each in outside}),
        }
        if not known.containers:
            return self.found(Grade.UNKNOWN, "no pod runs: there is no image to look at", shown)
        if outside:
            return self.found(
                Grade.FAIL,
                f"{len({each.image for each in outside})} images do not come from {known.registry}",
                shown,
                Remedy(
                    "write the values again and install",
                    "airgap-wizard run --answers-file F --from write-values",
                ),
                Remedy(
                    "a container nobody asked for was added by a webhook",
                    "airgap-wizard explain webhooks-leave-images",
                ),
                detail="; ".join(f"{each.kind} {each.pod}/{each.name}: {each.image}" for each in outside),
            )
        return self.found(
            Grade.PASS, f"all {len(known.containers)} containers come from {known.registry}", shown
        )
