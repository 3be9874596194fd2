"""opencost-version: OpenCost 1.118 is the first with an MCP server (S1.13)."""

import re
from typing import ClassVar

from wizard.checks.base import Check, Moment
from wizard.engine.events import Finding, Grade, Remedy
from wizard.facts.base import Facts, Unknown
from wizard.facts.opencost import OpenCost

LEAST = (1, 118)


class OpenCostVersion(Check):
    """PASS from 1.118 on; UNKNOWN where tag and labels do not tell."""

    id = "opencost-version"
    title = "OpenCost's version"
    when: ClassVar = frozenset({Moment.BEFORE, Moment.BROKEN})
    needs = (OpenCost,)
    seed = "S1.13"

    def judge(self, facts: Facts) -> Finding:
        """The version alone proves no MCP server: opencost-mcp does."""
        known = facts.get(OpenCost)
        assert not isinstance(known, Unknown)
        shown = {"image": known.image, "version": known.version, "least": "1.118"}
        if not known.image:
            return self.found(
                Grade.FAIL,
                f"no pod runs behind Service {known.namespace}/{known.service}",
                shown,
                Remedy("bring OpenCost up first", f"kubectl -n {known.namespace} get pods"),
            )
        read = re.match(r"(\d+)\.(\d+)", known.version)
        if not read:
            return self.found(
                Grade.UNKNOWN,
                f"OpenCost's version cannot be read from {known.image}",
                shown,
                Remedy("opencost-mcp shows whether its MCP server answers; that is what counts"),
            )
        if (int(read[1]), int(read[2])) < LEAST:
            return self.found(
                Grade.FAIL,
                f"OpenCost {known.version} has no MCP server",
                shown,
                Remedy(
                    "upgrade OpenCost to 1.118 or later",
                    f"helm upgrade opencost opencost/opencost -n {known.namespace}",
                ),
                detail=f"{known.image} runs in {known.namespace}",
            )
        return self.found(Grade.PASS, f"OpenCost {known.version}", shown)
