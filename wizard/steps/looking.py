"""Looking: gather what the checks of a moment need, judge, and tell each verdict as soon as it is known."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from wizard.checks.base import Check, Moment
from wizard.checks.registry import CHECKS, at
from wizard.cluster.port import Helm
from wizard.engine.events import Finding, Grade, Remedy
from wizard.engine.problems import Problem
from wizard.engine.step import Context
from wizard.facts.base import Facts, Sources, gather
from wizard.facts.registry import GATHERERS
from wizard.steps.record import read_record

_PATIENCE, _TRIES = 30.0, 20


@dataclass(frozen=True, slots=True)
class Look:
    """The verdicts of one look, and the facts they rest on."""

    findings: tuple[Finding, ...]
    facts: Facts

    def grades(self) -> dict[str, str]:
        """Check id → grade."""
        return {finding.check: str(finding.grade) for finding in self.findings}

    def of(self, grade: Grade) -> tuple[Finding, ...]:
        """The findings of one grade."""
        return tuple(finding for finding in self.findings if finding.grade is grade)


class _NoHelm:
    """Stands for a Helm that is not there: only what asks it is unknown then."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def __getattr__(self, name: str) -> Any:
        raise self._problem


def _helm(ctx: Context) -> Helm:
    try:
        return ctx.world.helm(ctx.answers)
    except Problem as problem:
        return cast(Helm, _NoHelm(problem))


def _store(ctx: Context) -> Path | None:
    try:
        return ctx.world.model_store(ctx.answers)
    except Problem:
        return None


def sources(ctx: Context) -> Sources:
    """The world, as gatherers ask it."""
    return Sources(
        answers=ctx.answers,
        cluster=ctx.world.cluster(ctx.answers),
        helm=_helm(ctx),
        sites=ctx.world.sites(ctx.answers),
        stop=ctx.stop,
        recorded=_recorded(ctx),
        folder=ctx.folder,
        model_store=_store(ctx),
        say=ctx.say,
    )


def _recorded(ctx: Context) -> dict[str, Any]:
    """What this run has shown; for what it has not (a verification alone), what the install recorded."""
    kept = read_record(ctx.world.cluster(ctx.answers), ctx.answers).get("recorded")
    return (dict(kept) if isinstance(kept, Mapping) else {}) | dict(ctx.evidence)


def _answers(ctx: Context) -> None:
    """A cluster that does not answer at all is a problem, not a verdict; one that is away for a moment is waited for."""
    cluster = ctx.world.cluster(ctx.answers)
    end, told = time.monotonic() + _PATIENCE, False
    for _ in range(_TRIES):
        try:
            cluster.version()
            return
        except Problem as problem:
            if problem.code != "cluster-unreachable" or time.monotonic() > end:
                raise
            if not told:
                ctx.say("the API server does not answer; waiting for it for half a minute", "warning")
            told = True
        ctx.stop.wait(1.0)
    cluster.version()


def look(ctx: Context, moment: Moment, checks: tuple[Check, ...] | None = None) -> Look:
    """Ask every check of the moment, whatever the others say; findings are emitted one by one.

    Raises Problem `cluster-unreachable` where the API server does not answer in the first place.
    """
    asked = at(moment) if checks is None else checks
    _answers(ctx)
    from_world = sources(ctx)
    known: dict[type, object] = {}
    findings = []
    for check in asked:
        missing = [kind for kind in (*check.needs, *check.helped_by) if kind not in known]
        known |= gather(missing, GATHERERS, from_world).all()
        lost = [kind for kind in missing if getattr(known[kind], "code", "") == "cluster-unreachable"]
        if lost:
            _answers(ctx)
            known |= gather(lost, GATHERERS, from_world).all()
        finding = check.ask(Facts(known))
        findings.append(finding)
        ctx.find(finding)
    return Look(tuple(findings), Facts(known))


def conclude(look_: Look, moment: Moment, code: str, title: str, command: str) -> None:
    """Raises Problem `code` (exit 3) where a check failed, or one is unknown that the air gap hangs on (`must_be_known`).

    Whatever else is unknown is named beside, and is no pass.
    """
    failed, unknown = look_.of(Grade.FAIL), look_.of(Grade.UNKNOWN)
    stops = failed + tuple(finding for finding in unknown if _must_be_known(finding, moment))
    if not stops:
        return
    first = tuple(remedy for finding in stops for remedy in finding.remedies[:1])
    detail = [f"{finding.check}: {finding.title}" for finding in stops]
    if unknown:
        detail.append("not known: " + ", ".join(finding.check for finding in unknown))
    raise Problem(
        code,
        title.format(
            count=_count(len(failed)) if failed else f"{_count(len(stops))} that must be known",
            verb="failed" if failed else "could not be shown",
            checks=", ".join(finding.check for finding in failed or stops),
        ),
        detail="\n".join(detail),
        remedies=(*first, Remedy("then look again", command)),
        evidence={"failed": [f.check for f in failed], "unknown": [f.check for f in unknown]},
        exit_code=3,
    )


def _count(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"


def _must_be_known(finding: Finding, moment: Moment) -> bool:
    return any(check.id == finding.check and moment in check.must_be_known for check in CHECKS)


def tell(ctx: Context, look_: Look) -> None:
    """Say once more what is not known, in one line: each verdict has told why, and silence is no pass."""
    unknown = look_.of(Grade.UNKNOWN)
    if unknown:
        ctx.say(f"NOT KNOWN, which is no pass: {', '.join(f.check for f in unknown)}", "warning")


def same(evidence: Mapping[str, Any], recorded: Any) -> bool:
    """Whether what was seen now is what the record in the cluster says."""
    return isinstance(recorded, Mapping) and dict(evidence) == dict(recorded)
