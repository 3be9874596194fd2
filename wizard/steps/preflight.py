"""preflight: everything that can be known before the install is looked at; nothing is changed that stays."""

from typing import ClassVar

from wizard.answers.model import Answers
from wizard.checks.base import Check, Moment
from wizard.checks.registry import at
from wizard.engine.events import Evidence
from wizard.engine.step import Context, Step
from wizard.steps.looking import Look, conclude, look, same, tell
from wizard.steps.record import read_record


class Preflight(Step):
    """Asks every check of the moment before the install and stops at none of them."""

    id = "preflight"
    title = "Look at the site before anything is changed"
    asks: ClassVar = ("cluster", "registry.host", "registry.pullSecret", "model.name")
    changes = ""

    def __init__(self) -> None:
        self._looked: tuple[Context, Look] | None = None

    def preview(self, answers: Answers) -> list[str]:
        """One line a check, and what the experiments put into the cluster for their moment."""
        return [
            *(f"check {check.id}: {check.title}" for check in at(Moment.BEFORE)),
            "experiments run in namespaces airgap-wizard-scratch-… that are removed again",
        ]

    def already(self, ctx: Context) -> Evidence | None:
        """Look; the same verdicts as the record of a proved install means: nothing is new."""
        found = look(ctx, Moment.BEFORE, _asked(ctx))
        evidence = _evidence(found)
        record = read_record(ctx.world.cluster(ctx.answers), ctx.answers)
        if same(evidence, record.get("preflight")):
            return evidence
        self._looked = (ctx, found)
        return None

    def run(self, ctx: Context) -> Evidence:
        """Raises Problem `preflight-failed` (exit 3) naming every check that failed."""
        looked, self._looked = self._looked, None
        found = looked[1] if looked and looked[0] is ctx else look(ctx, Moment.BEFORE, _asked(ctx))
        tell(ctx, found)
        conclude(
            found,
            Moment.BEFORE,
            "preflight-failed",
            "{count} {verb} before the install: {checks}",
            "airgap-wizard preflight --answers-file F",
        )
        return _evidence(found)


def _asked(ctx: Context) -> tuple[Check, ...]:
    """All checks of the moment, or those that this look was asked for."""
    return tuple(check for check in at(Moment.BEFORE) if not ctx.checks or check.id in ctx.checks)


def _evidence(found: Look) -> Evidence:
    return {"checks": found.grades()}
