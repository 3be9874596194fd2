"""A pod that somebody waits for: its program carried out in the waiting thread, its lines heard as they come."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.cluster.port import PodResult
from wizard.cluster.problems import not_started, too_slow
from wizard.engine.stop import Stop
from wizard.rehearsal.apps.base import cell_of
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.pods import end
from wizard.rehearsal.probe.tasks import carry_out
from wizard.rehearsal.state import clone

_TICK = 0.05
_OUTPUT = 1024 * 1024
_HOPELESS = ("ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName")


@dataclass(slots=True)
class _Seen:
    """One look at the pod."""

    container: str
    image: str
    node: str
    argv: list[str]
    record: dict[str, Any]
    stuck: str


class Awaited:
    """One run of `run_pod`."""

    def __init__(
        self,
        api: Api,
        uid: str,
        name: str,
        namespace: str,
        stop: Stop,
        output: Callable[[str], None] | None,
    ) -> None:
        self._api, self._uid, self._name, self._namespace = api, uid, name, namespace
        self._stop, self._output = stop, output
        self._shown = 0

    def to_its_end(self, timeout: float) -> PodResult:
        """Wait. Raises `pod-did-not-start`, `cluster-timeout`, Stopped."""
        deadline = time.monotonic() + timeout
        hopeless = time.monotonic() + self._api.site.patience(timeout)
        while True:
            self._stop.check()
            seen = self._look()
            record = seen.record
            text = self._show(seen.container)
            if record.get("phase") == "terminated":
                return PodResult(record["exit"], text[-_OUTPUT:], seen.node, len(text) > _OUTPUT)
            if record.get("phase") == "running" and record.get("task"):
                self._perform(seen)
                continue
            if record.get("reason") in _HOPELESS and record.get("message"):
                words = f"{record['message']} (image {seen.image}, node {seen.node})"
                raise not_started(self._name, self._namespace, record["reason"], words)
            if time.monotonic() > (deadline if record.get("phase") == "running" else hopeless):
                self._too_long(seen, timeout)
            self._stop.wait(_TICK)

    def _look(self) -> _Seen:
        with self._api.open() as objects:
            pod = next((p for p in objects.find("Pod") if p["metadata"]["uid"] == self._uid), None)
            if pod is None:
                words = "the pod was deleted while it was waited for"
                raise not_started(self._name, self._namespace, "deleted", words)
            spec, inner = pod["spec"]["containers"][0], objects.inner(pod)
            return _Seen(
                spec["name"],
                spec["image"],
                pod["spec"].get("nodeName", ""),
                [*(spec.get("command") or []), *(spec.get("args") or [])],
                clone((inner.get("containers") or {}).get(spec["name"], {})),
                inner.get("unschedulable") or inner.get("mount") or "",
            )

    def _too_long(self, seen: _Seen, timeout: float) -> None:
        if seen.record.get("phase") == "running":
            raise too_slow(f"the pod {self._namespace}/{self._name}", timeout)
        cause = "Unschedulable" if seen.stuck and not seen.node else seen.record.get("reason") or "Pending"
        words = seen.stuck or seen.record.get("message") or f"it was not running after {timeout:g} s"
        raise not_started(self._name, self._namespace, cause, words)

    def _perform(self, seen: _Seen) -> None:
        def say(line: str) -> None:
            self._api.site.log(self._uid, seen.container, line)
            self._show(seen.container)

        code = carry_out(self._api, self._uid, seen.container, seen.argv, say, lambda: not self._stop.asked)
        self._stop.check()
        with self._api.open() as objects:
            cell = cell_of(self._api.site, objects, self._uid, seen.container)
            if cell is not None:
                end(cell, code)

    def _show(self, container: str) -> str:
        """Hand on the lines that are new; the whole log."""
        text = read_log(self._api.site.log_file(self._uid, container))
        whole = text.rfind("\n") + 1
        if self._output is not None:
            for line in text[self._shown : whole].splitlines():
                self._output(line)
        self._shown = whole
        return text


def read_log(path: Path) -> str:
    """A container's log; "" where it has written none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
