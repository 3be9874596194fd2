"""JSON lines: the events themselves, one a line, and nothing else on standard output."""

from collections.abc import Sequence
from typing import TextIO

from wizard.engine.codec import line
from wizard.engine.events import Event
from wizard.engine.state import RunState


class JsonLines:
    """A view that writes each event as the journal has it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, state: RunState, events: Sequence[Event]) -> None:
        for event in events:
            self._out.write(line(event).decode())
        self._out.flush()
