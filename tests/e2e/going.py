"""A run that goes on while a test does something to it: begun, watched by its journal, killed, stopped."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.site import Ran, Site
from tests.real.process import wait_until
from wizard.engine.events import Ended, Event
from wizard.engine.folder import RunFolder
from wizard.engine.journal import Tail
from wizard.engine.launch import going

Condition = Callable[[Event], bool]


class Going:
    """A run in a session of its own. `events` grows while `until` waits; every wait ends with the run."""

    def __init__(self, site: Site, answers: Path, *words: str) -> None:
        number = len(list(site.folder.glob("run-*")))
        self.folder = RunFolder(site.folder / f"run-{number}")
        self.site, self.events = site, list[Event]()
        self._tail = Tail(self.folder.journal)
        begun = site.wizard(
            "run", "--answers-file", answers, "--detach", "--run-dir", self.folder.path, *words
        )
        assert begun.returncode == 0, begun.stderr
        self.pid = int(self.folder.pid_file.read_text())

    def until(self, condition: Condition, what: str, seconds: float = 900) -> Event | None:
        """The first new event for which it holds; None where the run ended before."""
        found: list[Event] = []

        def there() -> bool:
            over = not going(self.folder)  # asked first: what it wrote last is still read
            for event in self._tail.read():
                self.events.append(event)
                if not found and condition(event):
                    found.append(event)
            return bool(found) or over

        wait_until(there, f"{what} in {self.folder.id}", seconds)
        return found[0] if found else None

    def end(self, seconds: float = 900) -> Ran:
        """Wait for its end."""
        self.until(lambda _: False, "the end", seconds)
        last = self.events[-1] if self.events else None
        over = isinstance(last, Ended) and not last.step
        code = int(last.evidence.get("exitCode", -1)) if over and isinstance(last, Ended) else -signal.SIGKILL
        return Ran(code, self.events, self.folder.process_log.read_text(errors="replace"), self.folder.path)

    def kill(self, *, children: bool = False) -> None:
        """SIGKILL; with `children` also the programs it started, as when the machine goes down."""
        victims = [self.pid, *(_children(self.pid) if children else ())]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not going(self.folder), f"the run {self.folder.id} dead", 30)


@contextmanager
def begun(site: Site, answers: Path, *words: str) -> Iterator[Going]:
    """A run that does not outlive the block."""
    run = Going(site, answers, *words)
    try:
        yield run
    finally:
        if going(run.folder):
            run.kill(children=True)


def _children(parent: int) -> list[int]:
    """Processes below one, by /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            if int(words[1]) == parent:
                pid = int(path.parent.name)
                found += [pid, *_children(pid)]
    return found
