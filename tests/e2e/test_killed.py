"""SIGKILL at ten moments of one install, each run killed further on than the one before; the last one ends green."""

import os
import random
import secrets
from dataclasses import dataclass

import pytest

from tests.e2e.counting import nothing_doubled, uids, unfinished
from tests.e2e.going import begun
from tests.e2e.site import Site
from wizard.engine.events import Ended, Event
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(2400)]
STEPS = JOURNEYS["install"]
SEED = "AIRGAP_WIZARD_SEED"
"""Which ten moments: a word. Always the same ones where it is not set, so that a change is judged by the same test; "" draws some."""
USUAL = "s2"
KILLS = 10
PREFIX, MODELS = "killed", "killed-model"


@dataclass(frozen=True)
class Moment:
    """When a run is killed: with the event that is number `event` of a step (0: its start), or the step's last one.

    `machine`: whatever the run has started (Helm) dies with it, as when the machine goes down.
    """

    step: str
    event: int
    machine: bool


def moments(seed: str) -> list[Moment]:
    """Ten moments, in the journey's order: over many seeds every event of every step comes up."""
    chance = random.Random(seed)
    steps = sorted(chance.sample(STEPS, KILLS), key=STEPS.index)
    return [Moment(step, chance.choice((0, 0, 1, 2, 3, 5, 8)), chance.random() < 0.5) for step in steps]


class Reached:
    """Says when a moment has come."""

    def __init__(self, moment: Moment) -> None:
        self._moment, self._seen = moment, -1

    def __call__(self, event: Event) -> bool:
        if event.step != self._moment.step:
            # its events may be thinned out, and a step may have passed between two looks
            return STEPS.index(event.step) > STEPS.index(self._moment.step) if event.step else False
        self._seen += 1
        return self._seen >= self._moment.event or isinstance(event, Ended)


def test_killed_at_ten_moments_and_run_again(fresh: tuple[Site, str]) -> None:
    """facts 2 (uds-cli#1559): every re-run goes on; at the end nothing is doubled and nothing is left over."""
    site, space = fresh
    seed = os.environ.get(SEED, USUAL) or secrets.token_hex(4)
    print(f"{SEED}={seed}")
    answers = site.answers(space, registry__prefix=PREFIX, model__prefix=MODELS)
    killed = []
    for moment in moments(seed):
        with begun(site, answers) as run:
            met = run.until(Reached(moment), str(moment))
            assert met is not None, f"{SEED}={seed}: it ended before {moment}\n{run.end().story}"
            run.kill(children=moment.machine)
        last = run.events[-1]
        killed.append(f"{moment}: after {type(last).__name__} of {last.step}")
        print(killed[-1])
    told = f"{SEED}={seed}\n" + "\n".join(killed)
    lost = unfinished(site, PREFIX, MODELS)
    with begun(site, answers) as run:
        ended = run.end()
    assert ended.code == 0, f"{told}\n{ended.story}"
    assert set(ended.outcomes.values()) <= {"done", "already"}, f"{told}\n{ended.story}"
    nothing_doubled(site, space, PREFIX, MODELS, told, lost=lost)
    before = uids(site, space)
    again = site.run(answers, seconds=900)
    assert again.code == 0, f"{told}\n{again.story}"
    assert set(again.outcomes.values()) == {"already"}, f"{told}\n{again.story}"
    assert again.moved == 0
    assert uids(site, space) == before
    nothing_doubled(site, space, PREFIX, MODELS, told, lost=lost)
