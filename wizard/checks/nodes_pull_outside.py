"""nodes-pull-outside: no node can still get an image from outside; policies do not bind a node's runtime (S2.24)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.checks.nodes_reach_registry import alike
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.pulls import OutsidePulls


class NodesPullOutside(Check):
    """WARN where one can: the perimeter is the site's own business, and the release does not depend on it."""

    id = "nodes-pull-outside"
    title = "Nodes pull nothing from outside"
    when: ClassVar = frozenset({Moment.AFTER, Moment.BROKEN})
    needs = (OutsidePulls,)
    seed = "S2.24"

    def judge(self, facts: Facts) -> Finding:
        """A mirror on the nodes that answers for the public name looks the same from here: said so."""
        known = facts.get(OutsidePulls)
        assert not isinstance(known, Unknown)
        got = [pull.node for pull in known.pulls if pull.outcome == "pulled"]
        other = [pull for pull in known.pulls if pull.outcome in ("admission", "unschedulable", "other")]
        shown = {"image": known.image, "pulledOn": got, "nodes": len(known.pulls)}
        if got:
            return self.found(
                Grade.WARN,
                f"{len(got)} of {len(known.pulls)} nodes pulled {known.image}",
                shown,
                Remedy(
                    "close the perimeter for nodes too; where a registry mirror on the nodes answers for public "
                    "names, see that it has no public fallback",
                    "airgap-wizard explain nodes-pull-outside",
                ),
                detail=f"on {', '.join(got)}, from outside or from a mirror that answers for it",
            )
        if other or not known.pulls:
            return self.found(
                Grade.UNKNOWN,
                "whether nodes can pull from outside is not shown",
                shown,
                detail="; ".join(alike(other)),
            )
        return self.found(Grade.PASS, f"none of {len(known.pulls)} nodes pulled {known.image}", shown)
