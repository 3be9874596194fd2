"""A context over a fake cluster, and what a step emitted."""

from pathlib import Path
from typing import Any

from tests.facts.fakes import RECORDED, FakeCluster, FakeHelm, QuickStop, answers, sources
from wizard.answers.model import Answers
from wizard.engine.events import Event, Finding, Found, Moved, Said, Say
from wizard.engine.step import Context
from wizard.oci.sites import Sites


class FakeWorld:
    rehearsal = ""

    def __init__(self, cluster: FakeCluster, sites: Sites | None = None) -> None:
        self._cluster = cluster
        self._sites = sites or sources(cluster).sites

    def listen(self, say: Say) -> None:
        pass

    def sites(self, answers: Answers) -> Sites:
        return self._sites

    def cluster(self, answers: Answers) -> FakeCluster:
        return self._cluster

    def helm(self, answers: Answers) -> FakeHelm:
        return FakeHelm()

    def model_store(self, answers: Answers) -> Path:
        return Path("/nowhere")

    def endpoints(self, answers: Answers) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        return None


class Run:
    """A context, and the events of it."""

    def __init__(self, cluster: FakeCluster, folder: Path, given: Answers | None = None, **more: Any) -> None:
        self.events: list[Event] = []
        self.ctx = Context(
            answers=given or answers(),
            world=FakeWorld(cluster, more.pop("sites", None)),  # type: ignore[arg-type]
            folder=folder,
            emit=self.events.append,
            stop=QuickStop(),
            evidence=more.pop("evidence", RECORDED),
        )

    @property
    def findings(self) -> list[Finding]:
        return [event.finding for event in self.events if isinstance(event, Found)]

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Said)]

    @property
    def moved(self) -> list[Moved]:
        return [event for event in self.events if isinstance(event, Moved)]
