"""An account of one run as a text file: what was asked, done, seen and said. Made of the run folder alone, redacted."""

import json
import platform
import time
from pathlib import Path

from wizard.engine.folder import RunFolder, write_atomic
from wizard.engine.journal import Tail, being_written
from wizard.engine.redact import redactor
from wizard.engine.state import fold
from wizard.reports.plain import finding_lines, problem_lines
from wizard.reports.summary import summary
from wizard.reports.units import span


def account(folder: RunFolder) -> Path:
    """Write `report.txt` into the run folder and return its path. Raises OSError."""
    path = folder.path / "report.txt"
    write_atomic(path, redactor.text("\n".join(lines(folder)) + "\n"))
    return path


def lines(folder: RunFolder) -> list[str]:
    """The account."""
    state = fold(Tail(folder.journal).read(1 << 28))
    out = [f"airgap-wizard {state.version}: account of the run {folder.id}", f"on {platform.platform()}", ""]
    out += [folder.options_file.read_text(errors="replace"), ""]
    if state.over:
        out += summary(state, folder.path).splitlines()
    else:
        out.append(
            "the run goes on"
            if being_written(folder.journal)
            else "the run was killed: its journal has no end"
        )
    out += ["", "STEPS"]
    for step in state.steps.values():
        word = step.outcome.value if step.outcome else step.phase.value
        out.append(f"  {step.id:20} {word:10} {span(step.seconds)}")
    out += ["", "VERDICTS"]
    for finding in state.findings:
        out += finding_lines(finding, "  ")
        out.append(
            f"          evidence {json.dumps(dict(finding.evidence), ensure_ascii=False, default=str)}"
        )
    if state.problem:
        out += ["", "PROBLEM", *problem_lines(state.problem)]
    out += ["", "SAID"]
    for said in state.log:
        at = time.strftime("%H:%M:%S", time.gmtime(said.at))
        out.append(f"  {at} {said.step:18} {said.level:8} {said.text}")
    if folder.process_log.exists() and (words := folder.process_log.read_text(errors="replace").strip()):
        out += ["", "THE PROCESS ITSELF SAID", words[-4000:]]
    out += ["", "ANSWERS AS USED", folder.answers.read_text(errors="replace")]
    return out
