"""The journeys `stage` and `install` in a tiny rehearsed world: real registries, bytes and signatures on loopback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rehearsal.journey import Hasty, Ran, journey_answers
from wizard.answers.model import Answers
from wizard.bundle.keys.private import PrivateKey, write_pair
from wizard.engine.events import Event, Found
from wizard.engine.plan import make_plan
from wizard.engine.run import run
from wizard.rehearsal import open_world
from wizard.steps import steps_of


class Site:
    """A connected side and a disconnected one, a key of the vendor's, and a policy that trusts it."""

    def __init__(self, folder: Path, **sets: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.bundle = folder / "site.airgap"
        self.trust = folder / "trust.yaml"
        self.key = PrivateKey.make()
        write_pair(self.key, folder / "vendor", None)
        self.trust.write_text(
            "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
            "      - {file: vendor.pub, notAfter: 2099-12-31}\n"
        )
        self._sets = sets

    def answers(self, journey: str, **sets: str) -> Answers:
        media = {
            "journey": journey,
            "media.bundle": str(self.bundle),
            "media.trust": str(self.trust),
            "media.key": str(self.folder / "vendor.key"),
        }
        return journey_answers(self.folder, **{**media, **self._sets, **sets})

    def travel(
        self,
        journey: str,
        world: str = "healthy",
        *,
        only: tuple[str, ...] = (),
        until: str = "",
        answers: Answers | None = None,
        state: str = "",
        listen: Callable[[Event], None] = lambda _: None,
        **sets: str,
    ) -> Ran:
        """One run. The connected and the disconnected side keep states of their own."""
        answers = answers or self.answers(journey, **sets)
        events: list[Event] = []
        home = self.folder / (state or journey)
        home.mkdir(exist_ok=True)
        opened: Any = open_world(world, state=home / "state", tiny=True)
        try:
            plan = make_plan(journey, steps_of(journey), only, "", until)
            done = run(plan, answers, opened, [events.append, listen], Hasty(), home, run_id="test")
        finally:
            opened.close()
        found = {e.finding.check: e.finding for e in events if isinstance(e, Found)}
        return Ran(done, events, found)
