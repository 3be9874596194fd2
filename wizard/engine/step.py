"""A step: one thing a run does, that can be previewed, recognised as done already, and repeated safely."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from wizard.answers.model import Answers
from wizard.engine.events import Event, Evidence, Finding, Found, Move, Moved, Said
from wizard.engine.stop import Stop
from wizard.world import World

Emit = Callable[[Event], None]


@dataclass(slots=True)
class Context:
    """What a step may use. `folder` is the run folder; `evidence` is that of the steps before, by step id."""

    answers: Answers
    world: World
    folder: Path
    emit: Emit
    stop: Stop
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    """Ask only these checks; empty = all."""

    def say(self, text: str, level: str = "info") -> None:
        """A line for people."""
        self.emit(Said(text=text, level=level))

    def move(self, item: str, move: Move, **rest: object) -> None:
        """Report an item's progress (see `Moved`)."""
        self.emit(Moved(item=item, move=move, **rest))  # type: ignore[arg-type]

    def find(self, finding: Finding) -> None:
        """Report a verdict."""
        self.emit(Found(finding=finding))


class Step(ABC):
    """One file a step; `wizard/steps/__init__.py` is the registry, in order."""

    id: ClassVar[str]
    title: ClassVar[str]
    asks: ClassVar[tuple[str, ...]] = ()
    """The answers it uses, as dotted YAML paths: the Review page shows them beside it."""
    after: ClassVar[tuple[str, ...]] = ()
    """Steps whose evidence it needs."""
    changes: ClassVar[str] = ""
    """What it changes, for the confirm dialog ("pushes to {registry}"); empty for a step that only looks."""

    @abstractmethod
    def preview(self, answers: Answers) -> list[str]:
        """What it would do, in lines. Pure: no network, no file."""

    @abstractmethod
    def already(self, ctx: Context) -> Evidence | None:
        """Evidence that the world is as `run` would leave it, or None. Asks the world, never the journal."""

    @abstractmethod
    def run(self, ctx: Context) -> Evidence:
        """Do it. Raises Problem, or Stopped at a place it can resume from."""
