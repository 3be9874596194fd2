"""RunState: what the events so far amount to. Every view reads this; none keeps books of its own."""

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum

from wizard.engine.events import (
    Ended,
    Event,
    Evidence,
    Fault,
    Finding,
    Found,
    Grade,
    Move,
    Moved,
    Outcome,
    Planned,
    Said,
    Started,
)

LOG_LINES = 5000


class Phase(StrEnum):
    """Where a step stands before it has an outcome."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(slots=True)
class StepState:
    """One step as the events tell it."""

    id: str
    title: str
    preview: tuple[str, ...] = ()
    phase: Phase = Phase.WAITING
    outcome: Outcome | None = None
    started: float = 0.0
    seconds: float = 0.0
    evidence: Evidence = field(default_factory=dict)
    problem: Fault | None = None
    items: dict[str, Moved] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    last_moved: float = 0.0

    @property
    def bytes_done(self) -> int:
        """Bytes over the line so far, present ones included."""
        return sum(m.total if m.move.over else m.done for m in self.items.values())

    @property
    def bytes_total(self) -> int:
        """Bytes as far as they are known."""
        return sum(m.total for m in self.items.values())

    @property
    def bytes_copied(self) -> int:
        """Bytes that were really sent: not what was there or mounted."""
        there = (Move.PRESENT, Move.MOUNTED, Move.QUEUED)
        return sum(m.done for m in self.items.values() if m.move not in there)


@dataclass(slots=True)
class RunState:
    """A whole run. `apply` is total: any sequence of events gives a state."""

    run: str = ""
    journey: str = ""
    rehearsal: str = ""
    dry: bool = False
    version: str = ""
    again: str = ""
    endpoints: tuple[str, ...] = ()
    started: float = 0.0
    latest: float = 0.0
    outcome: Outcome | None = None
    seconds: float = 0.0
    exit_code: int | None = None
    problem: Fault | None = None
    steps: dict[str, StepState] = field(default_factory=dict)
    log: deque[Said] = field(default_factory=lambda: deque(maxlen=LOG_LINES))

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        self.latest = max(self.latest, event.at)
        match event:
            case Planned():
                self.run, self.journey, self.version = event.run, event.journey, event.version
                self.again = event.again
                self.rehearsal, self.dry, self.endpoints = event.rehearsal, event.dry, event.endpoints
                self.started = event.at
                self.steps = {s.id: StepState(s.id, s.title, s.preview) for s in event.steps}
            case Started():
                step = self._step(event.step, event.title)
                step.phase, step.started = Phase.RUNNING, event.at
            case Said():
                self.log.append(event)
            case Moved():
                self._moved(self._step(event.step), event)
            case Found():
                self._step(event.step).findings[event.finding.check] = event.finding
            case Ended(step=""):
                self.outcome, self.seconds, self.problem = event.outcome, event.seconds, event.problem
                self.exit_code = event.evidence.get("exitCode")
            case Ended():
                step = self._step(event.step)
                step.phase, step.outcome, step.seconds = Phase.OVER, event.outcome, event.seconds
                step.evidence, step.problem = event.evidence, event.problem

    def _step(self, name: str, title: str = "") -> StepState:
        if name not in self.steps:
            self.steps[name] = StepState(name, title or name)
        return self.steps[name]

    @staticmethod
    def _moved(step: StepState, event: Moved) -> None:
        before = step.items.get(event.item)
        if before is not None:
            # progress never runs backwards: a retry that starts over is told in `tries`
            event = replace(
                event,
                done=max(event.done, before.done),
                total=max(event.total, before.total),
                tries=max(event.tries, before.tries),
                digest=event.digest or before.digest,
                source=event.source or before.source,
                target=event.target or before.target,
                group=event.group or before.group,
                platform=event.platform or before.platform,
            )
        step.items[event.item] = event
        step.last_moved = event.at

    @property
    def over(self) -> bool:
        """Whether the run has said that it ended."""
        return self.outcome is not None

    @property
    def current(self) -> StepState | None:
        """The step that runs now."""
        return next((s for s in self.steps.values() if s.phase is Phase.RUNNING), None)

    @property
    def findings(self) -> list[Finding]:
        """All verdicts, in the order of the steps; a later step's verdict on the same check replaces none."""
        return [f for s in self.steps.values() for f in s.findings.values()]

    def count(self, grade: Grade) -> int:
        """How many verdicts of a grade there are."""
        return sum(f.grade is grade for f in self.findings)

    @property
    def bytes_copied(self) -> int:
        """Bytes that were really sent in this run."""
        return sum(s.bytes_copied for s in self.steps.values())


def fold(events: "list[Event]") -> RunState:
    """The state that a list of events amounts to."""
    state = RunState()
    for event in events:
        state.apply(event)
    return state
