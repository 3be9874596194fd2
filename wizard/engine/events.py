"""The typed events of a run: the one thing that every view (screen, plain line, JSON line, report) is a fold over.

Events are past-tense facts. They are plain frozen data and import nothing of ours, so that a journal written
today can be read by any part of the program, and by a later version of it. `at` is seconds since the epoch (UTC).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Evidence = Mapping[str, Any]
"""What a step or a check can show for itself. Values are JSON; keys are camelCase words."""


class Outcome(StrEnum):
    """How a step, or a whole run, ended."""

    DONE = "done"
    ALREADY = "already"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"


class Grade(StrEnum):
    """A check's verdict. UNKNOWN (a missing permission, an unanswered probe) is never a pass."""

    PASS = "pass"  # noqa: S105  (not a password)
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Move(StrEnum):
    """Where one item (a blob, a manifest, a file) stands on its way."""

    QUEUED = "queued"
    ACTIVE = "active"
    RETRYING = "retrying"
    PRESENT = "present"
    MOUNTED = "mounted"
    COPIED = "copied"
    VERIFIED = "verified"

    @property
    def over(self) -> bool:
        """True where nothing more will happen to the item."""
        return self in (Move.PRESENT, Move.MOUNTED, Move.COPIED, Move.VERIFIED)


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing a person can do: a sentence, where possible the exact command, and a page to read."""

    text: str
    command: str = ""
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem as data: what `Problem` (an exception) becomes in a journal."""

    code: str
    title: str
    detail: str = ""
    remedies: tuple[Remedy, ...] = ()
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's verdict with what it rests on. A PASS without evidence is a bug."""

    check: str
    grade: Grade
    title: str
    detail: str = ""
    evidence: Evidence = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One row of a plan: the step's id and title, and the lines of its preview."""

    id: str
    title: str
    preview: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share: when, and in which step ("" = the run as a whole)."""

    at: float = 0.0
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """A run was planned. `endpoints` is every endpoint it may contact (S2.4), `again` the command to repeat it."""

    run: str
    journey: str
    steps: tuple[PlannedStep, ...]
    endpoints: tuple[str, ...] = ()
    rehearsal: str = ""
    dry: bool = False
    version: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """A step began."""

    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """A line for people. `level` is debug, info, warning or error."""

    text: str
    level: str = "info"


Say = Callable[[str, str], None]
"""Takes what a `Said` carries, a text and its level, from whoever knows of no run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Event):
    """An item moved. `item` is unique within the step; `done` and `total` are bytes (total 0 = not known yet).

    `source` and `target` are references or digests as shown to people; `digest` is what was verified.
    `tries` counts retries (0 = first try). `group` names what the item belongs to (an image, a model),
    `platform` its `os/arch[/variant]`.
    """

    item: str
    move: Move
    done: int = 0
    total: int = 0
    digest: str = ""
    tries: int = 0
    source: str = ""
    target: str = ""
    group: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Event):
    """A check was judged."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """A step ended (`step` set), or the run did (`step` empty). `seconds` is monotonic."""

    outcome: Outcome
    seconds: float = 0.0
    evidence: Evidence = field(default_factory=dict)
    problem: Fault | None = None
