"""Whole journeys in a tiny world, in this process, with nobody waiting for anything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rehearsal.opened import CHART
from wizard.answers.load import load
from wizard.answers.model import Answers
from wizard.engine.events import Event, Finding, Found
from wizard.engine.plan import make_plan
from wizard.engine.run import run
from wizard.engine.state import RunState
from wizard.engine.stop import Stop
from wizard.rehearsal import open_world
from wizard.rehearsal.loader import worlds
from wizard.steps import steps_of


class Hasty(Stop):
    """Waits a moment instead of seconds: the simulated cluster takes no time either."""

    def wait(self, seconds: float) -> None:
        """See Stop."""
        super().wait(min(seconds, 0.01))


@dataclass
class Ran:
    """What came of a journey."""

    state: RunState
    events: list[Event]
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def code(self) -> int | None:
        """The exit code."""
        return self.state.exit_code

    @property
    def problem(self) -> str:
        """The code of the problem that ended it, or ""."""
        fault = getattr(self.events[-1], "problem", None)
        return fault.code if fault else ""

    @property
    def words(self) -> str:
        """Title and detail of that problem."""
        fault = getattr(self.events[-1], "problem", None)
        return f"{fault.title}\n{fault.detail}" if fault else ""


def journey_answers(folder: Path, **sets: str) -> Answers:
    """The answers that ship with the worlds, with the values file in the test's folder."""
    path = worlds()["healthy"].parent / "answers.yaml"
    changed = {"chart.source": str(CHART), "chart.values": str(folder / "values-airgap.yaml"), **sets}
    return load(path, [f"{k}={v}" for k, v in changed.items()])


@contextmanager
def _world(name: str, folder: Path) -> Iterator[object]:
    world = open_world(name, state=folder / "state" / Path(name).stem, tiny=True)
    try:
        yield world
    finally:
        world.close()


def travel(
    name: str,
    folder: Path,
    *,
    only: tuple[str, ...] = (),
    until: str = "",
    sink: Callable[[Event], None] | None = None,
    **sets: str,
) -> Ran:
    """Run the install journey in a world; its state is kept under `folder`. `sink` hears every event as it comes."""
    folder.mkdir(parents=True, exist_ok=True)
    answers = journey_answers(folder, **sets)
    events: list[Event] = []
    sinks = [events.append, *([sink] if sink else [])]
    with _world(name, folder) as world:
        plan = make_plan("install", steps_of("install"), only, "", until)
        state = run(plan, answers, world, sinks, Hasty(), folder, run_id="test")  # type: ignore[arg-type]
    found = {e.finding.check: e.finding for e in events if isinstance(e, Found)}
    return Ran(state, events, found)
