"""Measure whole commands: wall seconds, CPU seconds and peak memory, interleaved, medians; ratios are what counts."""

import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Sample:
    """One run. Seconds; peak memory and disk in bytes."""

    wall: float
    cpu: float
    memory: int
    disk: int


@dataclass
class Contestant:
    """A tool in one discipline: the commands of one round, run one after the other."""

    name: str
    commands: Callable[[int], Sequence[Sequence[str | Path]]]
    before: Callable[[int], None] = lambda _: None
    floor: bool = False
    """True for what no tool can do: the least that the machine and the registry take."""
    samples: list[Sample] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """Median wall seconds."""
        return statistics.median(s.wall for s in self.samples)

    @property
    def cpu(self) -> float:
        """Median CPU seconds of the client."""
        return statistics.median(s.cpu for s in self.samples)

    @property
    def memory(self) -> int:
        """Largest peak memory."""
        return max(s.memory for s in self.samples)

    @property
    def disk(self) -> int:
        """Median of the most that was taken of the folder's file system at any time of a round."""
        return int(statistics.median(s.disk for s in self.samples))


@dataclass
class Discipline:
    """What is measured, and the ratio that is aimed at: ours to the best of the others."""

    title: str
    target: float
    contestants: list[Contestant]
    note: str = ""
    to_floor: bool = False
    """True where the aim is to the slowest of the floors, and not to the other tools."""
    against: str = ""
    """The contestant that the aim speaks of; "" = the best of the others."""

    @property
    def ours(self) -> Contestant:
        """The first is ours."""
        return self.contestants[0]

    @property
    def best(self) -> Contestant:
        """What we are held against: the fastest of the others, or the slowest of the floors."""
        if self.to_floor:
            return max((c for c in self.contestants[1:] if c.floor), key=lambda c: c.wall)
        if self.against:
            return next(c for c in self.contestants if c.name == self.against)
        return min((c for c in self.contestants[1:] if not c.floor), key=lambda c: c.wall)

    @property
    def ratio(self) -> float:
        """Ours to the best."""
        return self.ours.wall / self.best.wall


def environment() -> dict[str, str]:
    """No login of the user's, no proxy, no colour; our package is found from any folder, compiled as when installed."""
    hidden = ("http_proxy", "https_proxy", "all_proxy", "pythondontwritebytecode")
    return {k: v for k, v in os.environ.items() if k.lower() not in hidden} | {
        "NO_COLOR": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "bench-pycache"),
    }


def once(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> Sample:
    """Run one command to its end; a failure ends the benchmark with what it said."""
    log = cwd / "output"
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, env=dict(env), cwd=cwd
        )
        peak = Peak(process.pid, cwd)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    memory, disk = peak.end()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{log.read_text(errors='replace')[-3000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, memory, disk)


class Peak:
    """Watches a process's peak memory, and what is taken of a file system meanwhile.

    The kernel's own figure for children counts our memory before exec too.
    """

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid, self._peak = pid, 0
        self._folder, self._before = folder, used(folder)
        self._most = self._before
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, used(self._folder))
            try:
                text = Path(f"/proc/{self._pid}/status").read_text()
            except OSError:
                return
            found = re.search(r"VmHWM:\s+(\d+) kB", text)
            self._peak = max(self._peak, int(found[1]) * 1024 if found else 0)

    def end(self) -> tuple[int, int]:
        """Bytes of memory, and of disk."""
        self._over.set()
        self._thread.join()
        return self._peak, max(self._most, used(self._folder)) - self._before


def used(folder: Path) -> int:
    """Bytes in use on the folder's file system."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def run(discipline: Discipline, rounds: int, folder: Path) -> Discipline:
    """Round by round, every contestant once, in a turning order, so that drift and noise fall on all alike."""
    env = environment() | {
        "AIRGAP_WIZARD_STATE": str(folder / "state"),
        "DOCKER_CONFIG": str(folder / "docker"),
    }
    for number in range(rounds):
        order = discipline.contestants[number % len(discipline.contestants) :]
        for each in order + discipline.contestants[: number % len(discipline.contestants)]:
            each.before(number)
            samples = [once(command, env, folder) for command in each.commands(number)]
            each.samples.append(
                Sample(
                    sum(s.wall for s in samples),
                    sum(s.cpu for s in samples),
                    max(s.memory for s in samples),
                    most(s.disk for s in samples),
                )
            )
        sys.stderr.write(f"{discipline.title}: round {number + 1} of {rounds}\n")
    return discipline


def most(grown: Iterable[int]) -> int:
    """The most that is taken at any time, where each command adds to what those before have left."""
    return max(itertools.accumulate(grown))


def table(discipline: Discipline) -> str:
    """As Markdown."""
    verdict = "reached" if discipline.ratio <= discipline.target else "missed"
    lines = [
        f"### {discipline.title}",
        "",
        f"Ratio to {'the floor, ' if discipline.to_floor else ''}{discipline.best.name}: **{discipline.ratio:.2f}** (aim ≤ {discipline.target:.2f}: {verdict})"
        + (f". {discipline.note}" if discipline.note else "."),
        "",
        "| | wall, median | spread | ours to it | client CPU | peak memory | peak disk |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in discipline.contestants:
        walls = [s.wall for s in each.samples]
        lines.append(
            f"| {'floor: ' if each.floor else ''}{each.name} | {each.wall:.2f} s | {min(walls):.2f}–{max(walls):.2f} | "
            f"{discipline.ours.wall / each.wall:.2f} | {each.cpu:.2f} s | {each.memory / 1e6:.0f} MB | {each.disk / 1e6:.0f} MB |"
        )
    return "\n".join(lines) + "\n"
