"""A container's log as it grows: each line once, however long it gets and however often the line is cut."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.engine.problems import Problem

if TYPE_CHECKING:
    from wizard.cluster.real.adapter import RealCluster

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT")
KEPT = 1024 * 1024
"""Bytes of output that are kept: the last ones, which hold the outcome."""


class PodLog:
    """Reads what is new, by the time stamps that the kubelet gives every line."""

    def __init__(
        self,
        cluster: "RealCluster",
        pod: str,
        namespace: str,
        container: str,
        heard: Callable[[str], None] | None,
    ) -> None:
        self._cluster, self._container, self._heard = cluster, container, heard
        self._path = cluster.resources.find("Pod").path(namespace, pod) + "/log"
        self._what = f"read the log of {namespace}/{pod}"
        self._last, self._seen = "", 0  # the newest time stamp, and how many lines bore it
        self._kept: list[str] = []
        self._size = 0
        self.cut = False

    @property
    def text(self) -> str:
        """All lines so far; where `cut`, the oldest are gone."""
        return "".join(self._kept)

    def read(self, *, over: bool = False) -> None:
        """Take what is new. Without `over` a last line that has no end yet is left for the next time."""
        query = {"container": self._container, "timestamps": "true"}
        if self._last:
            query["sinceTime"] = _second(self._last)
        try:
            data = self._cluster.api.raw("GET", self._path, query, what=self._what)
        except Problem as problem:
            # between "started" and the log's file there is a moment
            if problem.code == "cluster-refused":
                return
            raise
        passed = 0
        for line in data.decode(errors="replace").splitlines(keepends=True):
            if not line.endswith("\n") and not over:
                return
            stamp, _, text = line.partition(" ")
            # what has no stamp is the API's own word on a log that is not there (any more)
            if not _STAMP.match(stamp) or stamp < self._last:
                continue
            if stamp == self._last:
                passed += 1
                if passed <= self._seen:
                    continue
            self._seen = self._seen + 1 if stamp == self._last else 1
            passed = passed if stamp == self._last else 1
            self._last = stamp
            self._take(text)

    def _take(self, text: str) -> None:
        if self._heard is not None:
            self._heard(text.rstrip("\n"))
        self._kept.append(text)
        self._size += len(text)
        while self._size > KEPT and len(self._kept) > 1:
            self._size -= len(self._kept.pop(0))
            self.cut = True


def _second(stamp: str) -> str:
    """The second of a kubelet's time stamp, 2006-01-02T15:04:05.000000000+02:00, in the same zone."""
    head, _, fraction = stamp.partition(".")
    return head + fraction.lstrip("0123456789") if fraction else stamp
