"""What the run did and what the cluster said, on one axis."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from wizard.cluster.port import Obj
from wizard.diagnosis.scene import MISSHAPEN, Scene
from wizard.engine.events import Grade
from wizard.engine.state import StepState


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One line: seconds since the epoch, who said it, and what."""

    at: float
    who: str
    text: str


def timeline(scene: Scene, most: int = 2000) -> list[Moment]:
    """In the order of time; the newest `most`."""
    found = sorted({*_whole(_run(scene)), *_whole(_events(scene)), *_whole(_restarts(scene))})
    return found[-most:]


def _whole(moments: Iterator[Moment]) -> list[Moment]:
    """As far as they go: what is not as it should be is left out."""
    out: list[Moment] = []
    with suppress(*MISSHAPEN):
        out.extend(moments)
    return [m for m in out if isfinite(m.at)]


def _run(scene: Scene) -> Iterator[Moment]:
    state = scene.run
    if state is None:
        return
    if state.started:
        yield Moment(state.started, "run", f"{state.journey} begins ({state.run})")
    for step in state.steps.values():
        yield from _whole(_step(step))
    for said in state.log:
        if said.level in ("warning", "error") and said.at:
            yield Moment(said.at, "run", f"{said.level}: {said.text}")
    if state.outcome is not None and state.latest:
        title = f": {state.problem.title}" if state.problem else ""
        yield Moment(state.latest, "run", f"ends, {state.outcome}{title}")


def _step(step: StepState) -> Iterator[Moment]:
    if not step.started:
        return
    yield Moment(step.started, "run", f"step {step.id} begins")
    ended = step.started + max(step.seconds, 0.0)
    if step.outcome is not None:
        yield Moment(ended, "run", f"step {step.id}: {step.outcome}")
    for finding in step.findings.values():
        if finding.grade is Grade.FAIL:
            yield Moment(ended, "run", f"check {finding.check} failed: {finding.title}")


def _events(scene: Scene) -> Iterator[Moment]:
    for (kind, namespace), events in scene.objects.items():
        for event in events if kind == "Event" else ():
            yield from _whole(_event(namespace, event))


def _event(namespace: str, event: Obj) -> Iterator[Moment]:
    who = event.get("involvedObject") or event.get("regarding") or {}
    about = f"{who.get('kind', '?')} {namespace}/{who.get('name', '?')}"
    mark = "!" if event.get("type") == "Warning" else " "
    first, last = _at(event.get("firstTimestamp")), _at(event.get("lastTimestamp") or event.get("eventTime"))
    words = f"{mark}{event.get('reason', '')}: {event.get('message', '')}"
    if first and last and last - first >= 1:
        yield Moment(first, about, words)
        yield Moment(last, about, f"{words} ({event.get('count') or 1} times by now)")
    elif first or last:
        yield Moment(first or last, about, words)


def _restarts(scene: Scene) -> Iterator[Moment]:
    for pod in scene.pods():
        for each in (pod.get("status") or {}).get("containerStatuses") or []:
            yield from _whole(_ends(pod, each))


def _ends(pod: Obj, status: Obj) -> Iterator[Moment]:
    for key in ("state", "lastState"):
        ended = (status.get(key) or {}).get("terminated") or {}
        if at := _at(ended.get("finishedAt")):
            about = f"Pod {pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}"
            reason = ended.get("reason") or ""
            yield Moment(
                at, about, f"!container {status.get('name')} ended: {reason} {ended.get('exitCode', '')}"
            )


def _at(stamp: object) -> float:
    try:
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp() if stamp else 0.0
    except ValueError:
        return 0.0


def lines(moments: list[Moment]) -> list[str]:
    """For people, in UTC; a new day has a line of its own."""
    from wizard.diagnosis.text import clean

    out, day = [], ""
    for moment in moments:
        try:
            at = time.gmtime(moment.at)
        except (OverflowError, ValueError, OSError):
            continue
        today = time.strftime("%Y-%m-%d (UTC)", at)
        if today != day:
            out.append(today)
            day = today
        out.append(
            f"  {time.strftime('%H:%M:%S', at)}  {clean(moment.who, 60):40}  {clean(moment.text, 240)}"
        )
    return out
