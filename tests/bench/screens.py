"""The wizard under load, on a real pty: `python -m tests.bench.screens` prints a table.

2,000 items in the digest table, 50 changes a second for a while: how long a key press takes to be seen (p95 under
100 ms), what the wizard costs (under half a core), its memory after an hour's worth of events (under 120 MB), and how
long until something is on the screen (under 3 × `python -c "import textual.app"`).
"""

import contextlib
import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.terminals.terminal import ROOT, Terminal
from wizard.engine.codec import line
from wizard.engine.events import Event, Move, Moved, Planned, PlannedStep, Started
from wizard.engine.folder import Options, RunFolder, make_run_folder
from wizard.engine.journal import Journal

ITEMS = 2000
RATE = 50
SECONDS = 20
TICKS = os.sysconf("SC_CLK_TCK")


def moved(number: int, done: int, move: Move) -> Moved:
    """One item's progress."""
    digest = f"sha256:{number:064x}"
    return Moved(
        at=time.time(), step="mirror-images", item=digest, move=move, done=done, total=1 << 30, digest=digest,
        source="ghcr.io/opencost/image", target="registry.internal.example/opencost-ai/image",
        group=f"registry.internal.example/opencost-ai/image-{number // 10}:v1", platform="linux/amd64",
    )  # fmt: skip


def journal_of(folder: RunFolder, changes: int) -> None:
    """A run in the midst of it, with so many changes behind it."""
    steps = (PlannedStep("mirror-images", "Copy the images into the internal registry"),)
    events: list[Event] = [
        Planned(at=time.time(), run=folder.id, journey="install", steps=steps),
        Started(at=time.time(), step="mirror-images", title=steps[0].title),
        *(moved(n, 0, Move.QUEUED) for n in range(ITEMS)),
    ]
    with folder.journal.open("wb") as file:
        file.writelines(map(line, events))
        file.writelines(line(moved(n % ITEMS, n * 1000, Move.ACTIVE)) for n in range(changes))


@contextlib.contextmanager
def going(folder: RunFolder) -> Iterator[None]:
    """The run goes on: its lock is held, and 50 items a second change."""
    over = threading.Event()

    def write(journal: Journal) -> None:
        number = 0
        while not over.wait(1 / RATE):
            journal(moved(number % ITEMS, number * 4096 + 1, Move.ACTIVE))
            number += 7

    with Journal(folder.journal) as journal:
        writer = threading.Thread(target=write, args=(journal,))
        writer.start()
        try:
            yield
        finally:
            over.set()
            writer.join()


def cpu(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """MB that a process holds at most."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def press(t: Terminal, key: bytes, row: int) -> float:
    """Seconds until the row that the cursor goes to is painted."""
    wanted = b"\x1b[%d;2H" % row
    began, seen = time.monotonic(), b""
    os.write(t.fd, key)
    while wanted not in seen:
        ready, _, _ = select.select([t.fd], [], [], 2.0)
        if not ready:
            return 2.0
        seen += os.read(t.fd, 1 << 16)
    return time.monotonic() - began


def table(state: Path) -> tuple[list[float], float, float]:
    """Latencies, cores, MB in the digest table while it changes."""
    os.environ["AIRGAP_WIZARD_STATE"] = str(state)
    folder = make_run_folder(Options("install"), "apiVersion: airgap-wizard/v1\njourney: install\n")
    journal_of(folder, 3600 * RATE)
    with going(folder), Terminal("xterm-256color", [], state, env={"COLORTERM": "truecolor"}) as t:
        t.sees("Straight to Review")
        t.press("f6")
        t.sees("running")
        t.press("enter")
        t.sees("Progress", f"of {ITEMS} items")
        t.press("tab", "enter")
        t.sees("Digests", f"{ITEMS} of {ITEMS}")
        quiet(t, 3.0)
        first = next(n for n, text in enumerate(t.screen.display) if "image-0:v1" in text) + 1
        began, used = time.monotonic(), cpu(t.pid)
        latencies = []
        while time.monotonic() - began < SECONDS:
            for n in range(10):
                latencies.append(press(t, b"\x1b[B", first + 1 + n))
                quiet(t, 0.05)
            for n in range(10):
                latencies.append(press(t, b"\x1b[A", first + 9 - n))
                quiet(t, 0.05)
        cores = (cpu(t.pid) - used) / (time.monotonic() - began)
        return latencies, cores, memory(t.pid)


def quiet(t: Terminal, seconds: float) -> None:
    """Take in what is drawn, without looking at it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([t.fd], [], [], left)[0]:
            os.read(t.fd, 1 << 16)


def first_paint(state: Path) -> tuple[float, float]:
    """CPU seconds until the first page is there, and those of importing Textual."""
    painted, imported = [], []
    for _ in range(5):
        with Terminal("xterm-256color", [], state) as t:
            t.sees("Straight to Review")
            painted.append(cpu(t.pid))
        before = os.times()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True, cwd=ROOT)
        after = os.times()
        imported.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return statistics.median(painted), statistics.median(imported)


def main() -> int:
    """Measure and print; 1 where a target is missed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        latencies, cores, held = table(Path(folder))
        painted, imported = first_paint(Path(folder) / "empty")
    p95 = statistics.quantiles(latencies, n=20)[-1] * 1000
    rows = [
        (f"key press seen, p95 of {len(latencies)}", f"{p95:.0f} ms", "100 ms", p95 < 100),
        ("processor, of one core", f"{cores:.2f}", "0.50", cores < 0.5),
        ("memory after 180,000 events", f"{held:.0f} MB", "120 MB", held < 120),
        ("first page, × importing Textual", f"{painted / imported:.2f}", "3.00", painted < 3 * imported),
    ]
    print(f"## The digest table: {ITEMS} rows, {RATE} changes a second\n")
    print("| | measured | target |\n| --- | --- | --- |")
    for name, value, target, _ in rows:
        print(f"| {name} | {value} | under {target} |")
    return 0 if all(good for *_, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
