"""A plan: which steps, in which order, for these answers. The same answers give the same plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.answers.checks import nearest
from wizard.answers.model import Answers
from wizard.engine.events import PlannedStep
from wizard.engine.problems import Problem, Remedy
from wizard.engine.step import Step


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a journey, and which of them this run does (`chosen`)."""

    journey: str
    steps: tuple[Step, ...]
    chosen: frozenset[str]

    def rows(self, answers: Answers) -> tuple[PlannedStep, ...]:
        """The chosen steps with their previews."""
        return tuple(
            PlannedStep(s.id, s.title, tuple(s.preview(answers))) for s in self.steps if s.id in self.chosen
        )

    def needs_of(self, step: Step) -> list[Step]:
        """The steps outside the chosen ones whose evidence `step` asks for."""
        return [s for s in self.steps if s.id in step.after and s.id not in self.chosen]


def make_plan(
    journey: str, steps: Sequence[Step], only: Sequence[str] = (), start: str = "", until: str = ""
) -> Plan:
    """Choose among a journey's steps. Raises Problem `step-unknown` (exit 2)."""
    ids = [s.id for s in steps]
    for name in (*only, start, until):
        if name and name not in ids:
            guess = nearest(name, ids)
            raise Problem(
                "step-unknown",
                f"{journey} has no step {name!r}" + (f"; did you mean {guess}?" if guess else ""),
                detail="its steps: " + ", ".join(ids),
                remedies=(
                    Remedy("see them with what they do", "airgap-wizard run --dry-run --answers-file F"),
                ),
                exit_code=2,
            )
    first = ids.index(start) if start else 0
    last = ids.index(until) if until else len(ids) - 1
    if first > last:
        raise Problem(
            "step-unknown",
            f"--from {start} comes after --until {until}",
            detail="their order: " + ", ".join(ids),
            exit_code=2,
        )
    chosen = [i for i in ids[first : last + 1] if not only or i in only]
    if not chosen:
        raise Problem(
            "step-unknown",
            f"nothing is left to do: --only {' --only '.join(only)} is not between {ids[first]} and {ids[last]}",
            detail="their order: " + ", ".join(ids),
            remedies=(Remedy("leave --from and --until out where --only is given"),),
            exit_code=2,
        )
    return Plan(journey, tuple(steps), frozenset(chosen))
