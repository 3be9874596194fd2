"""Collecting: every collector in a thread of its own, each bounded in time and bytes; none can hold up the others.

A thread that hangs in a call is left behind: it is reported, what it says later is not taken any more, and it ends
with the process.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wizard.engine.problems import Problem
from wizard.engine.redact import redactor
from wizard.support.format import Collected, Got

SECONDS = 15.0
BYTES = 4 << 20
AT_ONCE = 12

_REFUSED = {"cluster-forbidden", "registry-forbidden", "registry-refused-credentials"}
_UNREACHABLE = {
    "cluster-unreachable",
    "registry-unreachable",
    "registry-refused",
    "registry-name-unknown",
    "registry-stalled",
    "registry-cut",
}
_ABSENT = {"cluster-not-configured", "helm-not-found", "cluster-refused", "tag-not-found"}


class Basket:
    """Where a collector puts what it got. Closed when its time is over; bounded in bytes. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._left = most
        self._open = True
        self.files: dict[str, bytes] = {}
        self.cut = False
        self.found: list[Collector] = []
        """Further collectors that this one has seen the need for."""

    def put(self, path: str, data: bytes | str, *, tail: bool = False) -> None:
        """Keep a file; what is beyond the share is cut off, at the front where the `tail` matters."""
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        with self._lock:
            if not self._open:
                return
            if len(raw) > self._left:
                self.cut = True
                raw = raw[len(raw) - self._left :] if tail else raw[: self._left]
            self._left -= len(raw)
            self.files[path] = raw

    def also(self, collector: "Collector") -> None:
        """Have something else collected besides."""
        with self._lock:
            if self._open:
                self.found.append(collector)

    def close(self) -> tuple[dict[str, bytes], bool]:
        """Take no more; what is there."""
        with self._lock:
            self._open = False
            return dict(self.files), self.cut


@dataclass(frozen=True, slots=True)
class Collector:
    """`get` puts what it finds into the basket, or raises Problem. `gate` names what must have been reached first."""

    name: str
    get: Callable[[Basket], None]
    seconds: float = SECONDS
    most: int = BYTES
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Haul:
    """Everything that was got, and what came of each collector."""

    files: Mapping[str, bytes]
    results: tuple[Collected, ...]


class _Job:
    """One collector at work."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.basket = Basket(collector.most)
        self.done = threading.Event()
        self.began = time.monotonic()
        self.error: BaseException | None = None

    def start(self) -> None:
        self.began = time.monotonic()
        threading.Thread(target=self._run, name=f"collect-{self.collector.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.collector.get(self.basket)
        except BaseException as error:  # told in the result, never raised in a thread that nobody waits for
            self.error = error
        finally:
            self.done.set()

    @property
    def late(self) -> bool:
        return not self.done.is_set() and time.monotonic() - self.began >= self.collector.seconds

    def result(self) -> tuple[dict[str, bytes], Collected]:
        ended = self.done.is_set()
        files, cut = self.basket.close()
        outcome, why = Got.GOT, ""
        if not ended:
            outcome, why = Got.TIMEOUT, f"no answer within {self.collector.seconds:g} s; not waited for"
        elif self.error is not None:
            outcome, why = _told(self.error)
        elif cut:
            outcome, why = Got.CUT, f"more than {self.collector.most >> 10} KiB; the rest was left out"
        seconds = time.monotonic() - self.began
        return files, Collected(self.collector.name, outcome, why, seconds, tuple(sorted(files)))


def _told(error: BaseException) -> tuple[Got, str]:
    if not isinstance(error, Problem):
        return Got.FAILED, f"{type(error).__name__}: {redactor.text(str(error))[:300]}"
    why = error.title + (f": {error.detail}" if error.detail else "")
    for codes, outcome in ((_REFUSED, Got.REFUSED), (_UNREACHABLE, Got.UNREACHABLE), (_ABSENT, Got.ABSENT)):
        if error.code in codes:
            return outcome, why[:500]
    return (Got.TIMEOUT if error.code == "cluster-timeout" else Got.FAILED), why[:500]


def collect(
    collectors: list[Collector], *, seconds: float = 45.0, say: Callable[[str], None] = lambda text: None
) -> Haul:
    """Run them side by side, at most `AT_ONCE` at a time, and give up on the slow ones; ends within `seconds`.

    A collector behind a gate waits for the collector of that name; where that one got nothing, it is not tried and
    has the same reason.
    """
    deadline = time.monotonic() + seconds
    waiting, running = list(collectors), list[_Job]()
    files: dict[str, bytes] = {}
    results: dict[str, Collected] = {}
    while waiting or running:
        over = time.monotonic() >= deadline
        for job in [j for j in running if over or j.done.is_set() or j.late]:
            running.remove(job)
            got, result = job.result()
            files |= got
            results[result.name] = result
            if result.outcome is not Got.GOT:
                say(f"{result.name}: {result.outcome}: {result.why}")
            waiting += job.basket.found
        if over:
            for left in waiting:
                results[left.name] = Collected(left.name, Got.TIMEOUT, f"not begun within {seconds:g} s")
            break
        waiting = _begin(waiting, running, results)
        _pause(running, deadline)
    return Haul(files, tuple(results.values()))


def _begin(waiting: list[Collector], running: list[_Job], results: dict[str, Collected]) -> list[Collector]:
    """Start what can start; those that are left to wait."""
    left = []
    for collector in waiting:
        gate = results.get(collector.gate) if collector.gate else None
        if gate is not None and gate.outcome is not Got.GOT:
            results[collector.name] = Collected(collector.name, gate.outcome, f"not tried: {gate.why}")
        elif len(running) >= AT_ONCE or (collector.gate and gate is None):
            left.append(collector)
        else:
            job = _Job(collector)
            running.append(job)
            job.start()
    return left


def _pause(running: list[_Job], deadline: float) -> None:
    """Until one of them may have ended. Short: a collector takes milliseconds to seconds."""
    if not running:
        return
    running[0].done.wait(max(0.0, min(0.02, deadline - time.monotonic())))
