"""clocks-agree: ours, the API server's and the nodes' clocks are close enough for dates in signatures and tokens."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.clocks import Clocks

CLOSE, FAR = 15.0, 300.0
LEASE = 25.0
"""A node renews its lease every ten seconds, so that much behind may be no skew at all."""


class ClocksAgree(Check):
    """WARN from 15 seconds, FAIL from five minutes."""

    id = "clocks-agree"
    title = "Clocks"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Clocks,)
    seed = "design"

    def judge(self, facts: Facts) -> Finding:
        """A node far behind may also be a node that is away: said so."""
        known = facts.get(Clocks)
        assert not isinstance(known, Unknown)
        off = {} if abs(known.server) <= CLOSE else {"the API server": known.server}
        off |= {f"node {name}": skew for name, skew in known.nodes if skew > CLOSE or skew < -(CLOSE + LEASE)}
        shown = {"limitSeconds": CLOSE, "off": sorted(off), "nodes": len(known.nodes)}
        if not off:
            return self.found(
                Grade.PASS,
                f"the clocks of the API server and of {len(known.nodes)} nodes agree with ours within {CLOSE:.0f} s",
                shown,
            )
        words = "; ".join(f"{who} is {_said(skew)}" for who, skew in sorted(off.items()))
        return self.found(
            Grade.FAIL if any(abs(skew) >= FAR for skew in off.values()) else Grade.WARN,
            f"clocks disagree: {words}",
            shown,
            Remedy("have every machine follow one time server inside the perimeter", "chronyc tracking"),
            detail="a node far behind may also be one whose kubelet is away: it is read off its lease",
        )


def _said(skew: float) -> str:
    word = "ahead" if skew > 0 else "behind"
    size = abs(skew)
    return f"{size / 60:.0f} min {word}" if size >= 120 else f"{size:.0f} s {word}"
