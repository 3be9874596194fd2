"""All fixes, and their application to a copy of a chart."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.answers.checks import nearest
from wizard.cluster.chart.load import load_chart
from wizard.cluster.chart.model import Chart
from wizard.cluster.chart.pack import write_tgz
from wizard.cluster.fixes import bridge_command, claim_template_labels
from wizard.cluster.fixes.fix import Fix
from wizard.engine.problems import Problem, Remedy

FIXES: tuple[Fix, ...] = (bridge_command.FIX, claim_template_labels.FIX)
RECORD = "airgap-fixes.json"
"""A file in the mended chart that says what was mended, and why."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A chart ready for use: `chart` is the mended copy, or the original where nothing had to be mended."""

    chart: Chart
    original: Chart
    applied: tuple[Fix, ...] = ()
    kept: tuple[Fix, ...] = ()
    """Defects that are there and were asked to be kept."""

    @property
    def evidence(self) -> dict[str, Any]:
        """For the run's record and the bill of materials."""
        return {
            "name": self.chart.name,
            "version": self.chart.version,
            "digest": self.chart.digest,
            "originalVersion": self.original.version,
            "originalDigest": self.original.digest,
            "fixes": [{"id": fix.id, "reason": fix.reason, "versions": fix.versions} for fix in self.applied],
            "defectsKept": [fix.id for fix in self.kept],
        }


def mend(chart: Chart, folder: Path, keep: Collection[str] = ()) -> Mended:
    """Write a mended copy of the chart into `folder` as NAME-VERSION+airgap.N.tgz; the original is never touched.

    `keep` names the defects that stay. Raises Problem `chart-fix-unknown` (exit 2) for a name that is none,
    `chart-not-writable`.
    """
    for name in keep:
        if name not in (known := [fix.id for fix in FIXES]):
            meant = nearest(name, known)
            raise Problem(
                "chart-fix-unknown",
                f"chart.keepDefects names {name!r}, which is no known fix",
                detail=(f"did you mean {meant}? " if meant else "") + f"known: {', '.join(known)}",
                remedies=(Remedy("correct or remove the name in the answers"),),
                exit_code=2,
            )
    there = [fix for fix in FIXES if fix.applies(chart)]
    applied = tuple(fix for fix in there if fix.id not in keep)
    kept = tuple(fix for fix in there if fix.id in keep)
    if not applied:
        return Mended(chart, chart, (), kept)
    files = dict(chart.files)
    for fix in applied:
        step = Chart(chart.path, chart.name, chart.version, "", "", files, chart.values)
        files |= fix.change(step)
    version = f"{chart.version.partition('+')[0]}+airgap.{sum(fix.number for fix in applied)}"
    files["Chart.yaml"] = re.sub(
        rb"^version:.*$", f"version: {version}".encode(), files["Chart.yaml"], count=1, flags=re.MULTILINE
    )
    record = {
        "original": {"version": chart.version, "digest": chart.digest},
        "fixes": [{"id": fix.id, "reason": fix.reason, "versions": fix.versions} for fix in applied],
    }
    files[RECORD] = (json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    path = folder / f"{chart.name}-{version}.tgz"
    try:
        write_tgz(path, files, chart.name)
    except OSError as error:
        raise Problem(
            "chart-not-writable",
            f"the mended chart cannot be written to {path}",
            detail=str(error),
            remedies=(Remedy("free some space, or name another run folder", "df -h ."),),
        ) from None
    return Mended(load_chart(path), chart, applied, kept)
