"""What is collected of a run folder: files, whose middle may be left out where they are very long."""

import json
from pathlib import Path
from typing import Any

from wizard.engine.events import Planned
from wizard.engine.folder import RunFolder
from wizard.engine.journal import Tail
from wizard.support.collect import Basket, Collector

JOURNAL = 8 << 20
_HEAD = 1 << 20
_SMALL = 1 << 20


def run_collectors(folder: RunFolder) -> list[Collector]:
    """The folder's files and, out of the journal, the plan."""
    small = (folder.answers, folder.options_file, folder.evidence, folder.summary, folder.process_log)
    collectors = [_file(path) for path in small]

    def journal(basket: Basket) -> None:
        if folder.journal.exists():
            basket.put("run/journal.jsonl", ends(folder.journal, JOURNAL))

    def plan(basket: Basket) -> None:
        events = Tail(folder.journal).read(_HEAD)
        planned = next((e for e in events if isinstance(e, Planned)), None)
        if planned is not None:
            rows = [{"id": s.id, "title": s.title, "preview": list(s.preview)} for s in planned.steps]
            basket.put("plan.json", json.dumps({"journey": planned.journey, "steps": rows}))

    return [*collectors, Collector("run/journal", journal, most=JOURNAL + 1024), Collector("run/plan", plan)]


def _file(path: Path) -> Collector:
    name = f"run/{path.name}"

    def get(basket: Basket) -> None:
        if path.exists():
            basket.put(name, ends(path, _SMALL))

    return Collector(name, get)


def ends(path: Path, most: int) -> bytes:
    """The file; of a long one the first megabyte at most and the end, in whole lines."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= most:
            return file.read(most)
        head = file.read(min(_HEAD, most // 8))
        file.seek(size - (most - len(head)))
        tail = file.read(most - len(head))
    return head[: head.rfind(b"\n") + 1] + tail[tail.find(b"\n") + 1 :]


def recorded(folder: RunFolder) -> dict[str, Any]:
    """The evidence of the run, by step; what a run that did not end has shown so far is read off its journal."""
    from wizard.engine.state import fold

    try:
        found = json.loads(folder.evidence.read_text())
        if isinstance(found, dict):
            return found
    except (OSError, ValueError):
        pass
    state = fold(Tail(folder.journal).read(JOURNAL))
    return {step.id: dict(step.evidence) for step in state.steps.values() if step.evidence}
