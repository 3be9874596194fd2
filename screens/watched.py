"""A run that is being watched: its journal read bit by bit, folded, and what moves at which pace."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from wizard.engine.events import Ended, Event, Finding, Found, Move, Moved, Planned, Said, Started
from wizard.engine.folder import Options, RunFolder
from wizard.engine.journal import Tail, being_written
from wizard.engine.state import RunState, StepState

CHUNK = 1 << 18
"""Bytes of journal read at once: what keeps a key press waiting is bounded."""
WINDOW = 10.0
"""Seconds over which a rate is taken."""
STALL = 15.0
"""Seconds without a byte after which a stall is named."""


@dataclass
class Pace:
    """Bytes a second of one step, over the last seconds in which something was said."""

    samples: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=4096))

    def note(self, at: float, done: int) -> None:
        """`done` bytes had been moved at that time."""
        self.samples.append((at, done))
        while self.samples and at - self.samples[0][0] > WINDOW:
            self.samples.popleft()

    def rate(self, now: float) -> float:
        """Bytes a second; 0 where nothing is known."""
        if len(self.samples) < 2:
            return 0.0
        (first, before), (_, after) = self.samples[0], self.samples[-1]
        return max(0.0, (after - before) / max(0.2, now - first))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    at: float
    step: str
    level: str
    text: str


class Watched:
    """One run as it is watched; `read` folds what is new. Any number of watchers may read the same run."""

    def __init__(self, folder: RunFolder, options: Options | None = None) -> None:
        self.folder = folder
        self.options = options or folder.options()
        self.state = RunState()
        self.tail = Tail(folder.journal)
        self.paces: dict[str, Pace] = {}
        self.log: deque[Line] = deque(maxlen=20000)
        self.dropped = 0
        self.dirty: set[tuple[str, str]] = set()
        """(step, item) that moved since somebody looked."""
        self.died = False
        self.version = 0
        self.before: dict[str, Finding] = {}
        """Verdicts of looks before this one, where this one asks only some of the checks again."""
        self._moved: dict[str, int] = {}
        self._quiet = 0

    def read(self) -> int:
        """Fold what is new; the number of events."""
        events = self.tail.read(CHUNK)
        self.fold(events)
        if not self.state.over:
            self._look_for_death(bool(events))
        return len(events)

    def fold(self, events: Sequence[Event]) -> None:
        """Fold some events in."""
        for event in events:
            before = self._copied(event) if isinstance(event, Moved) else 0
            self.state.apply(event)
            if isinstance(event, Moved):
                self._note(event, before)
            elif line := told(event):
                self.log.append(line)
        self.version += bool(events)

    def _copied(self, event: Moved) -> int:
        step = self.state.steps.get(event.step)
        item = step.items.get(event.item) if step else None
        return 0 if item is None or item.move in (Move.PRESENT, Move.MOUNTED, Move.QUEUED) else item.done

    def _note(self, event: Moved, before: int) -> None:
        self.dirty.add((event.step, event.item))
        total = self._moved.get(event.step, 0) + max(0, self._copied(event) - before)
        self._moved[event.step] = total
        self.paces.setdefault(event.step, Pace()).note(event.at, total)

    def _look_for_death(self, any_new: bool) -> None:
        """A journal that nobody writes and that has no end: the run was killed."""
        if any_new or being_written(self.folder.journal):
            self._quiet = 0
            self.died = False
            return
        self._quiet += 1
        # a run that was launched a moment ago holds no lock yet: it is given ten seconds (at ten reads a second)
        self.died = self._quiet > (5 if self.state.steps else 100)

    @property
    def verdicts(self) -> dict[str, Finding]:
        """The newest verdict on each check, in the order they were first asked."""
        return self.before | {f.check: f for f in self.state.findings}

    @property
    def going(self) -> bool:
        """True while it runs, as far as its journal tells."""
        return not self.state.over and not self.died

    @property
    def word(self) -> str:
        """How it stands, in a word."""
        if self.state.outcome:
            return {"failed": "FAILED", "stopped": "stopped"}.get(
                self.state.outcome.value, self.state.outcome.value
            )
        return "DIED" if self.died else "running"

    def stalled(self, step: StepState, now: float) -> str:
        """ "no bytes for 45 s (what it waits for)", or ""."""
        active = [m for m in step.items.values() if m.move in (Move.ACTIVE, Move.RETRYING)]
        quiet = now - step.last_moved
        if not active or not step.last_moved or quiet < STALL or not self.going:
            return ""
        last = self.last_said(step.id)
        name = active[0].group.rsplit("/", 1)[-1] or active[0].item
        return f"STALLED: no bytes for {quiet:.0f} s ({name})" + (f"; last word: {last}" if last else "")

    def last_said(self, step: str) -> str:
        """The newest line for people of a step."""
        for line in reversed(self.log):
            if line.step != step:
                return ""
            if line.level in ("info", "warning", "error"):
                return line.text
        return ""


def told(event: Event) -> Line | None:
    """An event as a line of the log; None for what is no line."""
    match event:
        case Planned():
            mark = f", REHEARSAL on {event.rehearsal}" if event.rehearsal else ""
            return Line(event.at, "", "step", f"{event.journey}, {len(event.steps)} steps{mark}")
        case Started():
            return Line(event.at, event.step, "step", f"begins: {event.title}")
        case Said():
            return Line(event.at, event.step, event.level, event.text)
        case Found():
            finding = event.finding
            return Line(event.at, event.step, finding.grade.value, f"{finding.check}: {finding.title}")
        case Ended():
            level = "error" if event.problem else "step"
            what = f"{event.outcome.value} after {event.seconds:.1f} s" + (
                f": {event.problem.title}" if event.problem else ""
            )
            return Line(event.at, event.step, level, what if event.step else f"the run: {what}")
    return None
