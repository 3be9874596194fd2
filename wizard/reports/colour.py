"""`--format rich`: the plain lines with colour, and one live line of progress below them."""

import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from wizard.engine.events import Event
from wizard.engine.state import RunState, StepState
from wizard.reports.plain import Plain
from wizard.reports.units import size

_STYLES = {
    "pass": "green",
    "FAIL": "bold red",
    "WARN": "yellow",
    "UNKNOWN": "bold yellow",
    "FAILED": "bold red",
}


class Colour:
    """A view for a person at a terminal; words carry the state, colour only repeats it."""

    def __init__(self, folder: Path) -> None:
        self._lines = StringIO()
        self._plain = Plain(self._lines, folder, progress=False)
        self._live = Live(
            console=Console(file=sys.stdout, highlight=False), refresh_per_second=8, transient=True
        )
        self._live.start()

    def __call__(self, state: RunState, events: Sequence[Event]) -> None:
        self._plain(state, events)
        for text in self._lines.getvalue().splitlines():
            self._live.console.print(_styled(text), soft_wrap=True)
        self._lines.seek(0)
        self._lines.truncate()
        self._live.update(_bar(state.current))
        if state.over:
            self._live.stop()


def _styled(text: str) -> Text:
    out = Text(text)
    for word, style in _STYLES.items():
        out.highlight_words([word], style)
    return out


def _bar(step: StepState | None) -> Text:
    if step is None or not step.bytes_total:
        return Text("")
    part = step.bytes_done / step.bytes_total
    filled = round(part * 30)
    bar = "#" * filled + "." * (30 - filled)
    return Text(f"      [{bar}] {part:4.0%}  {size(step.bytes_done)} of {size(step.bytes_total)}")
