"""The summary at the end of a run: digests, bytes, seconds, checks, and where everything is kept."""

import shlex
from pathlib import Path

from wizard.engine.events import Grade, Outcome
from wizard.engine.folder import state_home
from wizard.engine.state import RunState
from wizard.reports.units import size, span

_WORDS = {
    Outcome.DONE: "done",
    Outcome.SKIPPED: "dry run: nothing was changed",
    Outcome.FAILED: "FAILED",
    Outcome.STOPPED: "stopped",
    Outcome.ALREADY: "done",
}


def summary(state: RunState, folder: Path) -> str:
    """Text of at most a screen for an ordinary run; ends with a newline."""
    assert state.outcome is not None
    mark = f"   REHEARSAL ({state.rehearsal}): nothing real was installed" if state.rehearsal else ""
    out = [f"{state.journey or 'run'}: {_WORDS[state.outcome]} in {span(state.seconds)}{mark}"]
    # a step may record again what an earlier one did: each digest is told once
    digests = list(dict.fromkeys(line for step in state.steps.values() for line in _digests(step.evidence)))
    if digests:
        out += ["", "digests", *(f"  {line}" for line in digests)]
    out += ["", f"copied  {size(state.bytes_copied)}"]
    counts = {g: state.count(g) for g in Grade}
    words = ", ".join(
        f"{n} {g.value if g is Grade.PASS else g.value.upper()}" for g, n in counts.items() if n
    )
    if words:
        out.append(f"checks  {words}")
    out += _failure(state)
    if state.problem is not None:
        out.append(f"cause   airgap-wizard diagnose --run {_named(folder)}")
    out.append(f"folder  {folder}")
    if state.outcome is not Outcome.SKIPPED:
        rehearse = f" --rehearse {state.rehearsal}" if state.rehearsal else ""
        usual = f"airgap-wizard run --answers-file {shlex.quote(str(folder / 'answers.yaml'))}{rehearse}"
        out.append(f"again   {state.again or usual}")
    return "\n".join(out) + "\n"


def _named(folder: Path) -> str:
    """The run as other commands find it: by its id among the runs of the state folder, else by its path."""
    return folder.name if folder.parent == state_home() / "runs" else shlex.quote(str(folder))


def _digests(evidence: object) -> list[str]:
    """Lines for whatever recorded `images` or `models` with a digest."""
    out = []
    for kind in ("images", "models"):
        rows = evidence.get(kind) if isinstance(evidence, dict) else None
        for name, row in rows.items() if isinstance(rows, dict) else ():
            if isinstance(row, dict) and "digest" in row:
                out.append(f"{row['digest']}  {row.get('target') or row.get('reference') or name}")
    return out


def _failure(state: RunState) -> list[str]:
    """The problem, and what failed: each thing is told once, where it is told in full."""
    from wizard.reports.plain import finding_lines, remedy_lines

    problem = state.problem
    if problem is None:
        return []
    failed = [finding for finding in state.findings if finding.grade is Grade.FAIL]
    told = {f"{finding.check}: {finding.title}" for finding in failed}
    remedies = {remedy for finding in failed for remedy in finding.remedies}
    out = ["", problem.title, *(f"  {text}" for text in problem.detail.splitlines() if text not in told)]
    for finding in failed:
        out += [*finding_lines(finding, "  "), f"          why: airgap-wizard explain {finding.check}"]
    out += remedy_lines([remedy for remedy in problem.remedies if remedy not in remedies], "  ")
    return [*out, *([] if failed else [f"  why: airgap-wizard explain {problem.code}"]), ""]
