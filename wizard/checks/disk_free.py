"""disk-free: this host has room for what the run will put there (S1.7)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.disk import Disk
from wizard.facts.quantity import human


class DiskFree(Check):
    """FAIL where it does not fit; WARN where it fits with less than a tenth to spare."""

    id = "disk-free"
    title = "Disk on this host"
    when: ClassVar = frozenset({Moment.BEFORE})
    needs = (Disk,)
    seed = "S1.7"

    def judge(self, facts: Facts) -> Finding:
        """Computed from what is carried, never a flat 20 GB."""
        known = facts.get(Disk)
        assert not isinstance(known, Unknown)
        shown = {"path": known.path, "needed": known.needed, "enough": known.free >= known.needed}
        seen = f"{human(known.needed)} needed at {known.path} for {known.what}, {human(known.free)} free"
        room = Remedy(
            f"free {human(max(0, known.needed - known.free))} there, or choose another place", "df -h"
        )
        if known.free < known.needed:
            return self.found(Grade.FAIL, f"not enough room: {seen}", shown, room)
        if known.free < known.needed * 1.1:
            return self.found(Grade.WARN, f"hardly enough room: {seen}", shown, room)
        return self.found(Grade.PASS, seen, shown)
