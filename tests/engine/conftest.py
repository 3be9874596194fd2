"""A world that is asked nothing, and steps that do what a test says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wizard.answers.model import Answers, Journey
from wizard.engine.events import Event, Evidence, Say
from wizard.engine.plan import make_plan
from wizard.engine.redact import redactor
from wizard.engine.run import run
from wizard.engine.state import RunState
from wizard.engine.step import Context, Step
from wizard.engine.stop import Stop
from wizard.oci.sites import Sites


class NoWorld:
    rehearsal = ""

    def listen(self, say: Say) -> None:
        pass

    def sites(self, answers: Answers) -> Sites:
        return Sites()

    def cluster(self, answers: Answers) -> Any:
        raise AssertionError("no step of these tests asks for a cluster")

    helm = model_store = cluster

    def endpoints(self, answers: Answers) -> tuple[str, ...]:
        return ("https://registry.internal.example",)

    def close(self) -> None:
        pass


def make_step(
    name: str,
    do: Callable[[Context], Evidence],
    already: Callable[[Context], Evidence | None] = lambda ctx: None,
    after: tuple[str, ...] = (),
) -> Step:
    body = {
        "id": name,
        "title": name.capitalize(),
        "after": after,
        "preview": lambda self, answers: [f"would {name}"],
        "already": lambda self, ctx: already(ctx),
        "run": lambda self, ctx: do(ctx),
    }
    return type(name, (Step,), body)()


@pytest.fixture
def redacting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test teaches the redactor is forgotten after it."""
    monkeypatch.setattr(redactor, "_forms", ())


@pytest.fixture
def go(tmp_path: Path) -> Callable[..., tuple[RunState, list[Event]]]:
    """Run steps and give the state and every event."""

    def _go(steps: list[Step], stop: Stop | None = None, **options: Any) -> tuple[RunState, list[Event]]:
        events: list[Event] = []
        chosen = {k: options.pop(k) for k in ("only", "start", "until") if k in options}
        plan = make_plan("install", steps, **chosen)
        answers = Answers(journey=Journey.INSTALL)
        sinks = [events.append]
        state = run(plan, answers, NoWorld(), sinks, stop or Stop(), tmp_path, run_id="r1", **options)
        return state, events

    return _go
