"""images-as-recorded: what the nodes run are the very digests that were mirrored (S1.20, S1.37)."""

import re
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.running import Recorded, RunningImages

COMPONENTS = ("gateway", "bridge", "ollama")
_AT = re.compile(r"@(sha256:[0-9a-f]{64})$")


class ImagesAsRecorded(Check):
    """The runtime's image IDs count, not what the specs ask for."""

    id = "images-as-recorded"
    title = "Running images are the recorded ones"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (RunningImages, Recorded)
    seed = "S1.20"

    def judge(self, facts: Facts) -> Finding:
        """A runtime that shows only the image's own ID (a local import) leaves it unknown."""
        running, recorded = facts.get(RunningImages), facts.get(Recorded)
        assert not isinstance(running, Unknown) and not isinstance(recorded, Unknown)
        wanted = dict(recorded.digests)
        beneath = dict(recorded.beneath)
        other, silent, seen = [], [], {}
        for component in COMPONENTS:
            mine = [
                each
                for each in running.containers
                if each.component == component and each.kind == "container"
            ]
            if not mine:
                silent.append(f"{component} does not run")
            for each in mine:
                found = _AT.search(each.image_id)
                digest = wanted.get(component)
                if found is None:
                    silent.append(f"{each.pod}/{each.name}: the runtime says {each.image_id or 'nothing'}")
                elif digest is None:
                    silent.append(f"the digest of {component} was not recorded")
                elif found[1] == digest or found[1] in beneath.get(component, ()):
                    seen[component] = digest
                else:
                    other.append(f"{each.pod}/{each.name} runs {found[1]}, {digest} was recorded")
        shown = {"images": seen, "other": other}
        if other:
            return self.found(
                Grade.FAIL,
                f"{len(other)} containers run another image than the one that was mirrored",
                shown,
                Remedy(
                    "somebody changed the tag or the values: install again",
                    "airgap-wizard run --answers-file F",
                ),
                detail="; ".join(other),
            )
        if silent:
            return self.found(
                Grade.UNKNOWN,
                "whether the running images are the recorded ones is not shown",
                shown,
                Remedy(
                    "run the whole install again: it records what it mirrors",
                    "airgap-wizard run --answers-file F",
                ),
                detail="; ".join(dict.fromkeys(silent)),
            )
        return self.found(Grade.PASS, f"{', '.join(seen)} run the digests that were mirrored", shown)
