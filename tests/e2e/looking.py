"""Ask single checks of a real site, with the account, the answers and the records of a run."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.site import Site
from wizard.answers.load import load
from wizard.checks.base import Moment
from wizard.checks.registry import CHECKS
from wizard.engine.events import Event, Finding
from wizard.engine.step import Context
from wizard.engine.stop import Stop
from wizard.real import RealWorld
from wizard.steps.looking import look


class Looking:
    """`ask` gives the findings by check id. `evidence` stands for what steps of the run have recorded."""

    def __init__(
        self, site: Site, answers: Path, evidence: Mapping[str, Any] | None = None, sets: tuple[str, ...] = ()
    ) -> None:
        self._site, self._answers, self._evidence, self._sets = site, answers, dict(evidence or {}), sets

    def ask(self, *checks: str) -> dict[str, Finding]:
        """These checks alone, by the real gatherers."""
        wanted = tuple(check for check in CHECKS if check.id in checks)
        assert len(wanted) == len(checks), f"no such check among {checks}"
        events: list[Event] = []
        with self._world() as world, tempfile.TemporaryDirectory() as folder:
            given = load(self._answers, list(self._sets))
            ctx = Context(given, world, Path(folder), events.append, Stop(), self._evidence)
            found = look(ctx, Moment.AFTER, wanted)
        return {finding.check: finding for finding in found.findings}

    @contextmanager
    def _world(self) -> Iterator[RealWorld]:
        """With the environment that a run has."""
        before = dict(os.environ)
        os.environ.update(self._site.environment)
        world = RealWorld(None)
        try:
            yield world
        finally:
            world.close()
            os.environ.clear()
            os.environ.update(before)
