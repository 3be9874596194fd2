"""helm upgrade --install, watched: Helm waits in a thread while we tell what it waits for."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from wizard.cluster.objects.names import Names
from wizard.cluster.port import Cluster, Helm, Release
from wizard.cluster.waiting.cause import Cause
from wizard.cluster.waiting.release import causes, not_ready
from wizard.engine.events import Remedy, Say
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop

_LOOK = 2.0
"""Seconds between two looks at pods and events."""
_AGAIN = 5.0
_SETTLE = 10.0
"""A cause must have stood for so long before it is told: pods pass through such states on their way."""
_WAITED = {"helm-timeout", "helm-failed", "helm-hung", "release-stuck"}
"""Helm's problems whose reason is to be looked for in the pods."""
_PASSING = {"cluster-unreachable", "cluster-timeout"}


class Upgrade:
    """One upgrade of one release; `say(text, level)` is the run's."""

    def __init__(
        self,
        helm: Helm,
        cluster: Cluster,
        names: Names,
        stop: Stop,
        say: Say,
        *,
        look: float = _LOOK,
        settle: float = _SETTLE,
        again: float = _AGAIN,
    ) -> None:
        self._helm, self._cluster, self._names, self._stop, self._say = helm, cluster, names, stop, say
        self._look, self._settle, self._again = look, settle, again
        self._first: dict[tuple[str, str], float] = {}
        self._told: set[tuple[str, str]] = set()
        self._last: list[Cause] = []
        self._away = False
        self._progress = ""

    def run(
        self,
        chart: str,
        values: Sequence[str],
        sets: Mapping[str, str],
        timeout: float,
        unstick: Callable[[], None],
    ) -> Release:
        """Upgrade until it is deployed. An API server that goes away is waited for within `timeout` (seconds).

        A refusal is believed the second time: an API server that comes back answers before it has read who may do what.

        Raises Problem with the cause seen in the cluster, or Helm's own.
        """
        until = time.monotonic() + timeout
        refused = False
        while True:
            try:
                return self._once(chart, values, sets, max(until - time.monotonic(), self._again))
            except Problem as problem:
                first = problem.code == "cluster-forbidden" and not refused
                refused = refused or first
                passing = first or problem.code in _PASSING or problem.code == "release-stuck"
                if not passing or time.monotonic() + self._again > until:
                    raise self._explain(problem) from None
                self._say(f"{problem.title}; tried again in {self._again:.0f} s", "warning")
                self._stop.wait(self._again)
                self._free(unstick)

    def _free(self, unstick: Callable[[], None]) -> None:
        try:
            unstick()
        except Problem as problem:
            if problem.code not in _PASSING:
                raise

    def _once(self, chart: str, values: Sequence[str], sets: Mapping[str, str], timeout: float) -> Release:
        result: list[Release] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                result.append(
                    self._helm.upgrade(
                        chart,
                        self._names.release,
                        self._names.namespace,
                        values,
                        sets,
                        timeout=timeout,
                        stop=self._stop,
                    )
                )
            except BaseException as error:
                failure.append(error)

        thread = threading.Thread(target=work, name="helm-upgrade")
        thread.start()
        while thread.is_alive():
            thread.join(self._look)
            if thread.is_alive():
                self._watch()
        if failure:
            raise failure[0]
        return result[0]

    def _watch(self) -> None:
        """Tell each cause once, when it has stood a while; and how many pods are still missing."""
        try:
            self._last = causes(self._cluster, self._names)
            missing = not_ready(self._cluster, self._names)
        except Problem as problem:
            if not self._away:
                self._say(f"cannot look at the pods: {problem.title}", "warning")
            self._away = True
            return
        except Stopped:
            return  # helm is being ended; its thread says so
        self._away = False
        now = time.monotonic()
        standing = {(cause.code, cause.about) for cause in self._last}
        self._first = {key: self._first.get(key, now) for key in standing}
        for cause in self._last:
            key = (cause.code, cause.about)
            if key not in self._told and now - self._first[key] >= self._settle:
                self._told.add(key)
                self._say(str(cause), "warning")
        progress = f"waiting for {', '.join(missing)}" if missing else ""
        if progress and progress != self._progress:
            self._say(progress, "info")
        self._progress = progress

    def _explain(self, problem: Problem) -> Problem:
        """Helm says "context deadline exceeded"; what the pods say is the cause."""
        if problem.code not in _WAITED:
            return problem
        try:
            self._last = causes(self._cluster, self._names) or self._last
        except Problem as away:
            self._say(f"cannot look at the pods: {away.title}", "warning")
        if not self._last:
            return problem
        first, *others = self._last
        return Problem(
            first.code,
            first.problem.title,
            detail="\n".join(
                filter(None, [first.problem.detail, *map(str, others), f"helm: {problem.detail}"])
            ),
            remedies=(
                *first.problem.remedies,
                Remedy(
                    "everything is left as it is; once the cause is gone, run again: it goes on from here"
                ),
            ),
            evidence={**problem.evidence, "causes": [{"code": c.code, "about": c.about} for c in self._last]},
        )
