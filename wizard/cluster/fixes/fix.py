"""What a fix is: a change to a chart's files, with its reason and the versions it is for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wizard.cluster.chart.model import Chart


@dataclass(frozen=True, slots=True)
class Fix:
    """One known defect and its mend.

    `number` is a power of two: the suffix `+airgap.N` of a mended chart's version is the sum of the numbers of
    the fixes in it, so that two differently mended charts never share a version. `change` returns the files it
    would change; none where the defect is not there.
    """

    id: str
    number: int
    reason: str
    chart: str
    since: str
    before: str
    change: Callable[[Chart], Mapping[str, bytes]]

    @property
    def versions(self) -> str:
        """The range, for people."""
        return f">={self.since} <{self.before}"

    def concerns(self, chart: Chart) -> bool:
        """Whether the chart is one that this fix was written for."""
        return chart.name == self.chart and order(self.since) <= order(chart.version) < order(self.before)

    def applies(self, chart: Chart) -> bool:
        """Whether the chart has the defect."""
        return self.concerns(chart) and bool(self.change(chart))


def order(version: str) -> tuple[int, int, int]:
    """The three numbers of a semantic version; what follows them does not matter to a range."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)  # type: ignore[return-value]
