"""node-architectures: every image has a variant for every node that may run it (S2.11)."""

from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.cargo import Cargo
from wizard.facts.nodes import Nodes


class NodeArchitectures(Check):
    """FAIL where a schedulable node's architecture is missing from an image."""

    id = "node-architectures"
    title = "Images for the nodes' architectures"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (Nodes, Cargo)
    seed = "S2.11"

    def judge(self, facts: Facts) -> Finding:
        """Nodes that no pod without tolerations reaches do not count."""
        nodes, cargo = facts.get(Nodes), facts.get(Cargo)
        assert not isinstance(nodes, Unknown) and not isinstance(cargo, Unknown)
        has = sorted({f"{node.os}/{node.arch}" for node in nodes.nodes if node.schedulable and node.arch})
        shown = {"nodes": has, "images": {name: sorted(of) for name, of in sorted(cargo.platforms.items())}}
        if not has or not cargo.platforms:
            what = "the images' platforms are" if has else "no schedulable node's architecture is"
            return self.found(Grade.UNKNOWN, f"{what} not known", shown)
        missing = {
            name: lacking
            for name, platforms in sorted(cargo.platforms.items())
            if platforms and (lacking := [wanted for wanted in has if not _covered(wanted, platforms)])
        }
        if missing:
            words = "; ".join(f"{name} lacks {', '.join(lacking)}" for name, lacking in missing.items())
            return self.found(
                Grade.FAIL,
                f"{len(missing)} images do not run on every node: {', '.join(missing)}",
                shown,
                Remedy(
                    "carry all platforms (images.platforms: [all]); where the source has none for a node, keep the "
                    "release off it with a nodeSelector in chart.overrides",
                ),
                detail=words,
            )
        unknown = [name for name in ("gateway", "bridge", "ollama") if not cargo.platforms.get(name)]
        if unknown:
            return self.found(
                Grade.UNKNOWN,
                f"the platforms of {', '.join(unknown)} are not known",
                shown,
                Remedy("carry the images first", "airgap-wizard run --answers-file F --only mirror-images"),
            )
        return self.found(Grade.PASS, f"every image runs on {', '.join(has)}", shown)


def _covered(wanted: str, platforms: tuple[str, ...]) -> bool:
    return any(each == wanted or each.startswith(wanted + "/") for each in platforms)
