"""Record the journals of rehearsed installs: `python -m tests.screens.record [WORLD…]` writes assets/journals/*.jsonl.

They are fixtures: what a page shows of a run is tested against the journal that a real run wrote. Times begin at a
fixed moment, ports, folders and the run's name are replaced by fixed ones; nothing else is touched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

JOURNALS = Path(__file__).parents[2] / "assets" / "journals"
BEGAN = 1767225600.0
"""2026-01-01 00:00:00 UTC."""
RUN = "20260101-000000-install-0000"
HOME = "/var/lib/airgap-wizard"


def record(world: str) -> Path:
    """One world, from nothing."""
    state = Path(tempfile.mkdtemp(prefix="record-"))
    try:
        env = os.environ | {"AIRGAP_WIZARD_STATE": str(state), "AIRGAP_WIZARD_REHEARSAL": "tiny"}
        words = [sys.executable, "-m", "wizard", "run", "--rehearse", world, "--format", "jsonl"]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        folder = next((state / "runs").iterdir())
        lines = [still(line, str(state)) for line in (folder / "journal.jsonl").read_text().splitlines()]
        path = JOURNALS / f"{world}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(fixed_times(lines)) + "\n")
        print(f"{world:22} exit {done.returncode}  {len(lines)} events", flush=True)
        return path
    finally:
        shutil.rmtree(state, ignore_errors=True)


def still(line: str, state: str) -> str:
    """A line without what differs from machine to machine."""
    line = line.replace(state, HOME).replace(str(files("assets")), "/usr/share/airgap-wizard")
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:5000", line)
    return re.sub(r"\d{8}-\d{6}-install-[0-9a-f]{4}", RUN, line)


def fixed_times(lines: list[str]) -> list[str]:
    """The same, from a fixed moment, in the milliseconds that passed."""
    events = [json.loads(line) for line in lines]
    first = events[0]["at"]
    for event in events:
        event["at"] = round(BEGAN + event["at"] - first, 3)
        if event["event"] == "planned":
            event["version"] = "0.0.0"
    return [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]


def main() -> int:
    """All worlds, or those named."""
    from wizard.rehearsal.loader import worlds

    for world in sys.argv[1:] or worlds():
        record(world)
    return 0


if __name__ == "__main__":
    sys.exit(main())
