"""Programs of pods that nobody waits for (a Job's, say): carried out by a thread of the process that saw them first.

A pod remembers which process works for it; where that process is gone, the next one that looks begins again.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass

from wizard.engine.problems import Problem
from wizard.rehearsal.apps.base import cell_of, find_container
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.pods import end
from wizard.rehearsal.probe.tasks import carry_out
from wizard.rehearsal.process import living, myself


@dataclass(frozen=True, slots=True)
class _Task:
    uid: str
    container: str
    argv: tuple[str, ...]


class Tasks:
    """`note` while the state is held, then `start`; `close` stops and joins."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._noted: list[_Task] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def note(self, objects: Objects) -> None:
        """Take what nobody works at."""
        for pod in objects.find("Pod"):
            inner = objects.inner(pod)
            if inner.get("awaited") or not pod["spec"].get("nodeName"):
                continue
            for name, record in (inner.get("containers") or {}).items():
                if (
                    record.get("phase") == "running"
                    and record.get("task")
                    and not living(record.get("worker"))
                ):
                    spec = find_container(pod, name) or {}
                    record["worker"] = myself()
                    argv = (*(spec.get("command") or []), *(spec.get("args") or []))
                    self._noted.append(_Task(pod["metadata"]["uid"], name, argv))

    def start(self) -> None:
        """A thread for each."""
        noted, self._noted = self._noted, []
        for task in noted:
            thread = threading.Thread(
                target=self._work, args=(task,), name=f"rehearsed-{task.container}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _work(self, task: _Task) -> None:
        def say(line: str) -> None:
            self._api.site.log(task.uid, task.container, line)

        # a broken state has been told to whoever made the last call; a thread has nobody to tell
        with suppress(Problem):
            code = carry_out(self._api, task.uid, task.container, task.argv, say, self._alive)
            if self._closing.is_set():
                code = 143
            with self._api.open() as objects:
                cell = cell_of(self._api.site, objects, task.uid, task.container)
                if cell is None:
                    return
                if self._closing.is_set():
                    cell.record.pop("worker", None)
                else:
                    end(cell, code)

    def _alive(self) -> bool:
        return not self._closing.is_set()

    def close(self) -> None:
        """Stop at the next chunk."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
