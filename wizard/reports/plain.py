"""Plain lines: the accessible front end. One thing a line, no control codes, no colour, state in words."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from wizard.engine.events import (
    Ended,
    Event,
    Fault,
    Finding,
    Found,
    Grade,
    Move,
    Moved,
    Outcome,
    Planned,
    Remedy,
    Said,
    Started,
)
from wizard.engine.state import RunState, StepState
from wizard.reports.summary import summary
from wizard.reports.units import short, size, span

PROGRESS_SECONDS = 2.0
STALL_SECONDS = 15.0
WORDS = {Grade.PASS: "pass", Grade.WARN: "WARN", Grade.FAIL: "FAIL", Grade.UNKNOWN: "UNKNOWN"}


def remedy_lines(remedies: Sequence[Remedy], indent: str) -> list[str]:
    """What to do, each with its command on a line of its own, so that it can be copied."""
    out = []
    for remedy in remedies:
        out.append(f"{indent}do: {remedy.text}")
        if remedy.command:
            out.append(f"{indent}    $ {remedy.command}")
    return out


def problem_lines(fault: Fault) -> list[str]:
    """A problem in full: what, what is known, what to do, where to read on."""
    out = [f"airgap-wizard: {fault.title}"]
    out += [f"  {text}" for text in fault.detail.splitlines()]
    out += remedy_lines(fault.remedies, "  ")
    out.append(f"  why: airgap-wizard explain {fault.code}")
    return out


def finding_lines(finding: Finding, indent: str = "      ") -> list[str]:
    """A verdict; a pass is one line, anything else says all it knows."""
    out = [f"{indent}{WORDS[finding.grade]:7} {finding.check}: {finding.title}"]
    if finding.grade is not Grade.PASS:
        out += [f"{indent}        {text}" for text in finding.detail.splitlines()]
        out += remedy_lines(finding.remedies, indent + "        ")
    return out


class Plain:
    """A view that writes lines as things happen, and the summary at the end."""

    def __init__(self, out: TextIO, folder: Path, *, progress: bool = True) -> None:
        self._out = out
        self._folder = folder
        self._show_progress = progress
        self._next = 0.0
        self._told: dict[str, str] = {}

    def __call__(self, state: RunState, events: Sequence[Event]) -> None:
        for event in events:
            for text in self._lines(state, event):
                self._out.write(text + "\n")
        step = state.current
        if self._show_progress and step and not state.over and time.monotonic() >= self._next:
            self._progress(step)
        if state.over and events:
            self._out.write("\n" + summary(state, self._folder))
        self._out.flush()

    def _lines(self, state: RunState, event: Event) -> list[str]:
        match event:
            case Planned():
                what = "dry run: nothing is changed" if event.dry else ""
                mark = f"REHEARSAL on the simulated site {event.rehearsal!r}" if event.rehearsal else ""
                head = [f"airgap-wizard {event.version}  {event.journey}  {event.run}", mark, what]
                plans = (
                    [line for s in event.steps for line in self._planned(s.title, s.preview)]
                    if event.dry
                    else []
                )
                return [text for text in head if text] + plans
            case Started():
                number = list(state.steps).index(event.step) + 1
                return [f"[{number}/{len(state.steps)}] {event.title}"] if not state.dry else []
            case Said(level="debug"):
                return []
            case Said():
                mark = "" if event.level == "info" else event.level.upper() + " "
                return [f"      {mark}{event.text}"]
            case Moved():
                return self._moved(event)
            case Found():
                return finding_lines(event.finding)
            case Ended() if event.step and not state.dry:
                return self._ended(state.steps[event.step], event)
        return []

    @staticmethod
    def _planned(title: str, preview: Sequence[str]) -> list[str]:
        return [title, *(f"    {text}" for text in preview)]

    def _moved(self, event: Moved) -> list[str]:
        """Blobs are told in the progress line; an image, a model or a file as a whole gets a line."""
        if not event.move.over or event.item != event.target:
            return []
        return [f"      {event.move.value:9} {event.target}  {event.digest}"]

    def _ended(self, step: StepState, event: Ended) -> list[str]:
        words = {
            Outcome.DONE: f"done in {span(event.seconds)}",
            Outcome.ALREADY: "already: nothing to do",
            Outcome.SKIPPED: "skipped",
            Outcome.STOPPED: "stopped; run again to go on",
            Outcome.FAILED: f"FAILED after {span(event.seconds)}",
        }
        moved = f", {size(step.bytes_copied)} copied" if step.bytes_copied else ""
        return [f"      {words[event.outcome]}{moved}"]

    def _progress(self, step: StepState) -> None:
        """At most one line every two seconds, and none that says nothing new; a stall is named."""
        self._next = time.monotonic() + PROGRESS_SECONDS
        if not step.items:
            return
        over = sum(m.move.over for m in step.items.values())
        text = f"      {size(step.bytes_done)} of {size(step.bytes_total)}, {over} of {len(step.items)} items"
        tries = sum(m.tries for m in step.items.values())
        text += f", {tries} retries" if tries else ""
        quiet = time.time() - step.last_moved
        if quiet > STALL_SECONDS:
            active = [m.item for m in step.items.values() if not m.move.over and m.move is not Move.QUEUED]
            text += f"; no bytes for {quiet:.0f} s" + (f" ({short(active[0])})" if active else "")
        if self._told.get(step.id) != text:
            self._told[step.id] = text
            self._out.write(text + "\n")
