"""A cluster of dicts and a Helm that does as it is told: for the fast tests of what is built on the ports."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from wizard.cluster.port import Obj, Release
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop


class FakeCluster:
    """Objects in a list; `away` makes every call fail as an API server that is gone."""

    def __init__(self, *objects: Obj) -> None:
        self.objects = list(objects)
        self.away = False
        self.log = ""
        self.deleted: list[tuple[str, str]] = []
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise Problem("cluster-unreachable", "the API server does not answer")

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        self._ask()
        return [
            obj
            for obj in self.objects
            if obj["kind"] == kind
            and namespace in (None, obj["metadata"].get("namespace"))
            and (labels or {}).items() <= obj["metadata"].get("labels", {}).items()
        ]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        return next((obj for obj in self.list(kind, namespace) if obj["metadata"]["name"] == name), None)

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        self._ask()
        return self.log

    def delete(self, kind: str, name: str, namespace: str | None = None, *, orphan: bool = False) -> bool:
        self._ask()
        self.deleted.append((kind, name))
        return True


class FakeHelm:
    """`answers` are what upgrade does, one after the other: a Problem to raise, or None to succeed."""

    def __init__(self, *answers: Problem | None, manifests: str = "", release: Release | None = None) -> None:
        self.answers = list(answers)
        self.manifests = manifests
        self.now = release
        self.given: dict[str, Any] = {}
        self.upgrades: list[dict[str, Any]] = []
        self.entered, self.go = threading.Event(), threading.Event()
        self.go.set()

    def version(self) -> str:
        return "v3.19.5"

    def template(
        self, chart: str, release: str, namespace: str, values: Sequence[str], sets: Mapping[str, str]
    ) -> str:
        return self.manifests

    def release(self, name: str, namespace: str) -> Release | None:
        return self.now

    def history(self, name: str, namespace: str) -> list[Release]:
        return [self.now] if self.now else []

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        return self.given

    def upgrade(
        self,
        chart: str,
        release: str,
        namespace: str,
        values: Sequence[str],
        sets: Mapping[str, str],
        *,
        timeout: float,
        stop: Stop,
        wait: bool = True,
    ) -> Release:
        self.upgrades.append({"chart": chart, "values": list(values), "sets": dict(sets), "timeout": timeout})
        self.entered.set()
        while not self.go.wait(0.01):
            stop.check()
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.now = Release(release, namespace, len(self.upgrades), "deployed", "opencost-ai-0.1.0+airgap.3")
        return self.now

    def rollback(self, name: str, namespace: str, revision: int, *, timeout: float, stop: Stop) -> Release:
        raise AssertionError("nobody rolls back here")

    def uninstall(self, name: str, namespace: str, *, timeout: float, stop: Stop) -> bool:
        raise AssertionError("nobody uninstalls here")
