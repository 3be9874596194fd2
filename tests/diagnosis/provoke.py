"""Provoke a failure on a simulated site: the run, its folder, and what diagnosis says of it afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rehearsal.journey import Hasty, journey_answers
from wizard.answers.dump import dump
from wizard.cli.subject import site_of
from wizard.diagnosis.cause import Diagnosis
from wizard.diagnosis.diagnose import diagnose
from wizard.diagnosis.scene import Scene
from wizard.engine.folder import Options, RunFolder, make_run_folder
from wizard.engine.journal import Journal
from wizard.engine.plan import make_plan
from wizard.engine.run import run
from wizard.rehearsal import open_world
from wizard.steps import steps_of
from wizard.support.format import Bundle
from wizard.support.gather import Wanted, gather
from wizard.support.scene import scene_of

AFTER_PREFLIGHT = (
    "mirror-probe", "mirror-images", "carry-model", "write-values", "prepare-namespace", "load-model", "install-chart",
)  # fmt: skip
"""An install that nobody looked at the site for: what preflight would have said shows in the pods instead."""
INSTALLED = (*AFTER_PREFLIGHT, "verify")
BARE = ("mirror-probe", "mirror-images", "carry-model", "write-values", "prepare-namespace", "install-chart")
"""Without the model: Helm alone waits."""


@dataclass(frozen=True)
class Provoked:
    """`code` is the run's exit code, `bundle` what was gathered afterwards."""

    code: int | None
    problem: str
    folder: RunFolder
    bundle: Bundle

    @property
    def scene(self) -> Scene:
        """Its scene."""
        return scene_of(self.bundle)

    @property
    def diagnosis(self) -> Diagnosis:
        """What is said of it."""
        return diagnose(self.scene)

    @property
    def first(self) -> str:
        """The code of the first cause; "" where there is none."""
        causes = self.diagnosis.causes
        return causes[0].code if causes else ""


def provoke(
    world: str | Path,
    folder: Path,
    only: tuple[str, ...] = (),
    sets: Mapping[str, str] | None = None,
    *,
    live: bool = True,
    after: Any = None,
    pseudonyms: bool = False,
) -> Provoked:
    """Run the install journey in a world (or in a file that describes one), then look. `after(world, answers)` may break
    something once the run has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    answers = journey_answers(folder, **(sets or {}))
    opened = open_world(str(world), state=folder / "site", tiny=True)
    try:
        made = make_run_folder(
            Options("install", only, rehearse=Path(world).stem), dump(answers), folder / "run"
        )
        plan = make_plan("install", steps_of("install"), only)
        with Journal(made.journal) as journal:
            state = run(plan, answers, opened, [journal], Hasty(), made.path, run_id="test")
        made.evidence.write_text(
            json.dumps({s.id: dict(s.evidence) for s in state.steps.values() if s.evidence}, default=str)
        )
        if after is not None:
            after(opened, answers)
        bundle = gather(
            Wanted(made, site_of(opened, answers) if live else None, root=folder, pseudonyms=pseudonyms)
        )
    finally:
        opened.close()
    return Provoked(state.exit_code, state.problem.code if state.problem else "", made, bundle)
