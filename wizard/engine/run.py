"""The runner: one step after the other, each of them asked first whether it is done already.

It decides nothing about what is installed. A Problem ends the run; anything else that is raised is a bug of ours
and ends it too, told without the values of any variable.
"""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import wizard
from wizard.answers.model import Answers
from wizard.engine.clean import clean
from wizard.engine.commands import Commands
from wizard.engine.events import (
    Ended,
    Event,
    Evidence,
    Fault,
    Grade,
    Outcome,
    Planned,
    Said,
    Started,
)
from wizard.engine.plan import Plan
from wizard.engine.problems import Problem, Remedy, Stopped
from wizard.engine.redact import redactor
from wizard.engine.state import RunState
from wizard.engine.step import Context, Step
from wizard.engine.stop import Stop
from wizard.world import World

Sink = Callable[[Event], None]

EXIT_BUG, EXIT_WARNED, EXIT_STOPPED = 1, 4, 130


class Emitter:
    """Stamps, redacts, folds and hands on: the one place where events come into being. Thread-safe."""

    def __init__(self, sinks: Sequence[Sink], commands: Commands) -> None:
        self._sinks = sinks
        self._commands = commands
        self._lock = threading.Lock()
        self.state = RunState()
        self.step = ""

    def __call__(self, event: Event) -> None:
        event = replace(clean(self._commands.event(event)), at=round(time.time(), 3), step=self.step)
        with self._lock:
            self.state.apply(event)
            for sink in self._sinks:
                sink(event)


def run(
    plan: Plan,
    answers: Answers,
    world: World,
    sinks: Sequence[Sink],
    stop: Stop,
    folder: Path,
    *,
    run_id: str,
    dry: bool = False,
    strict: bool = False,
    commands: Commands | None = None,
    again: str = "",
    checks: tuple[str, ...] = (),
) -> RunState:
    """Run the plan and return its state; `state.exit_code` is the process's.

    `commands` makes the commands of remedies typeable; `again` is the one that repeats this run.
    """
    emit = Emitter(sinks, commands or Commands(folder / "answers.yaml"))
    began = time.monotonic()
    endpoints = world.endpoints(answers)
    emit(
        Planned(
            run=run_id,
            journey=plan.journey,
            steps=plan.rows(answers),
            endpoints=endpoints,
            rehearsal=world.rehearsal,
            dry=dry,
            version=wizard.__version__,
            again=again,
        )
    )
    emit(Said(text="endpoints this run may contact: " + (", ".join(endpoints) or "none")))
    ctx = Context(answers, world, folder, emit, stop, checks=checks)
    world.listen(ctx.say)
    outcome, code, fault = Outcome.DONE, 0, None
    evidence: dict[str, Evidence] = {}
    ctx.evidence = evidence
    for step in plan.steps:
        if step.id not in plan.chosen:
            continue
        emit.step = step.id
        outcome, code, fault = _one(plan, step, ctx, emit, evidence, dry)
        if outcome in (Outcome.FAILED, Outcome.STOPPED):
            break
    emit.step = ""
    if outcome not in (Outcome.FAILED, Outcome.STOPPED):
        outcome = Outcome.SKIPPED if dry else Outcome.DONE
        if strict and (emit.state.count(Grade.WARN) or emit.state.count(Grade.UNKNOWN)):
            code = EXIT_WARNED
    emit(
        Ended(
            outcome=outcome,
            seconds=round(time.monotonic() - began, 3),
            evidence={"exitCode": code, "bytesCopied": emit.state.bytes_copied},
            problem=fault,
        )
    )
    return emit.state


def _one(
    plan: Plan, step: Step, ctx: Context, emit: Emitter, evidence: dict[str, Evidence], dry: bool
) -> tuple[Outcome, int, Fault | None]:
    """One step, with its Started and Ended."""
    emit(Started(title=step.title))
    began = time.monotonic()
    found: Evidence = {}
    fault, code = None, 0
    try:
        if dry:
            outcome = Outcome.SKIPPED
        else:
            ctx.stop.check()
            for need in plan.needs_of(step):
                if need.id not in evidence:
                    evidence[need.id] = _needed(need, step, ctx)
            before = step.already(ctx)
            outcome = Outcome.ALREADY if before is not None else Outcome.DONE
            found = before if before is not None else step.run(ctx)
            evidence[step.id] = found
    except Stopped:
        outcome, code = Outcome.STOPPED, EXIT_STOPPED
    except Problem as problem:
        outcome, code, fault = Outcome.FAILED, problem.exit_code, problem.fault
        found = problem.evidence
    except Exception as error:
        outcome, code, fault = Outcome.FAILED, EXIT_BUG, bug(error)
    emit(Ended(outcome=outcome, seconds=round(time.monotonic() - began, 3), evidence=found, problem=fault))
    return outcome, code, fault


def _needed(need: Step, step: Step, ctx: Context) -> Evidence:
    """The evidence of a step that is not run this time: the world has to show that it was done."""
    found = need.already(ctx)
    if found is None:
        raise Problem(
            "step-needs",
            f"{step.id} needs what {need.id} does, and that is not done",
            remedies=(
                Remedy(
                    f"run {need.id} first, or leave --only out",
                    f"airgap-wizard run --answers-file F --only {need.id}",
                ),
            ),
        )
    return found


def bug(error: BaseException) -> Fault:
    """An unforeseen exception as a fault: where it was raised, and never the value of a variable."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames]
    return Fault(
        "internal-error",
        f"a bug in airgap-wizard: {type(error).__name__}: {redactor.text(str(error))}",
        " ← ".join(reversed(where[-6:])),
        (Remedy("carry this out to whoever maintains the program", "airgap-wizard support-bundle"),),
    )
