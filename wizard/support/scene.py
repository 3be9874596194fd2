"""From a bundle to a scene. What is missing, torn or not as it should be is unknown there, with the reason."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wizard.answers.fields import build, table
from wizard.answers.load import loads
from wizard.answers.model import Answers
from wizard.answers.nodes import Unreadable, compose
from wizard.answers.tree import Reading
from wizard.cluster.objects.names import Names
from wizard.cluster.port import Obj, Release
from wizard.diagnosis.cause import Gap
from wizard.diagnosis.scene import WIDE, Log, Look, Scene
from wizard.engine.codec import decode
from wizard.engine.events import Finding, Found
from wizard.engine.problems import Problem
from wizard.engine.state import RunState
from wizard.facts.base import Unknown
from wizard.support.format import CLUSTER, Bundle, Got

_OBJECTS = re.compile(r"cluster/([^/]+)/([A-Z][A-Za-z]+)\.json\Z")
_LOGS = re.compile(r"cluster/([^/]+)/logs/([^/]+)/(.+?)(\.previous)?\.log\Z")
_MASK = re.compile(r"\[redacted[^\]\n]*\]")
_EVENTS = 200_000
_QUIET = {Got.GOT, Got.CUT}


def scene_of(bundle: Bundle, subject: str = "") -> Scene:
    """The scene. Never raises for what stands in a bundle."""
    files, notes = bundle.files, list(bundle.notes)
    answers = _answers(files, notes)
    manifest = bundle.manifest
    space = manifest.namespace or (answers.cluster.namespace if answers else "opencost-ai")
    name = manifest.release or (answers.cluster.release if answers else "opencost-ai")
    state = _run(files, notes)
    objects, unknown, seen = _objects(files, bundle, notes)
    version = _json(files, "cluster/version.json", notes)
    evidence = _mapping(_json(files, "run/evidence.json", notes))
    if state is not None:
        evidence = {s.id: dict(s.evidence) for s in state.steps.values() if s.evidence} | evidence
    return Scene(
        Names(space, name),
        answers,
        objects,
        unknown,
        seen,
        str(version["version"])
        if isinstance(version, dict) and version.get("version")
        else Unknown("not gathered"),
        tuple(_logs(files)),
        tuple(_looks(files)),
        state,
        _findings(files, state, notes),
        _history(files, bundle, notes),
        _or_unknown(files, "helm/values.json", "helm/values", bundle, notes),
        _or_unknown(files, "registry/registry.json", "registry", bundle, notes),
        evidence or _kept(objects, space, name),
        _clock(files, notes),
        tuple(_gaps(bundle)),
        tuple(notes),
        subject=subject,
    )


def _json(files: Mapping[str, bytes], name: str, notes: list[str]) -> Any:
    data = files.get(name)
    if data is None:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        notes.append(f"{name} cannot be read: torn or changed")
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _answers(files: Mapping[str, bytes], notes: list[str]) -> Answers | None:
    """As used by the run, else as looked at; of faulty ones what is right in them."""
    for name in ("run/answers.yaml", "answers.yaml"):
        data = files.get(name)
        if data is None:
            continue
        text = _MASK.sub("redacted", data.decode("utf-8", "replace"))
        try:
            return loads(text, name, supplied=table())
        except Problem:
            found = _lenient(text, name)
            if found is not None:
                return found
            notes.append(f"{name} cannot be read")
    return None


def _lenient(text: str, name: str) -> Answers | None:
    reading = Reading(name, None)
    try:
        reading.document(compose(text, name))
        flat = {path: field.default for path, field in table().items()} | reading.values
        return build(flat)
    except (Unreadable, Problem, KeyError, TypeError, ValueError, AttributeError):
        return None


def _run(files: Mapping[str, bytes], notes: list[str]) -> RunState | None:
    data = files.get("run/journal.jsonl")
    if data is None:
        return None
    state, skipped = RunState(), 0
    lines = data.splitlines()
    for line in [*lines[: _EVENTS // 2], *lines[max(_EVENTS // 2, len(lines) - _EVENTS // 2) :]]:
        try:
            event = decode(json.loads(line))
            if event is not None:
                state.apply(event)
        except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
            skipped += 1
    if skipped:
        notes.append(f"{skipped} lines of the journal are no events")
    return state


def _objects(
    files: Mapping[str, bytes], bundle: Bundle, notes: list[str]
) -> tuple[dict[tuple[str, str], tuple[Obj, ...]], dict[tuple[str, str], str], dict[tuple[str, str], float]]:
    known: dict[tuple[str, str], tuple[Obj, ...]] = {}
    unknown: dict[tuple[str, str], str] = {}
    seen: dict[tuple[str, str], float] = {}
    for result in bundle.manifest.collected:
        match = _OBJECTS.match(result.name + ".json")
        if match and result.outcome not in _QUIET:
            unknown[match[2], _space(match[1])] = result.why or str(result.outcome)
    for name in files:
        match = _OBJECTS.match(name)
        if match is None:
            continue
        key = (match[2], _space(match[1]))
        data = _json(files, name, notes)
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            unknown[key] = f"{name} cannot be read"
            continue
        good = [item for item in items if _is_object(item)]
        if len(good) < len(items):
            notes.append(f"{len(items) - len(good)} of {len(items)} entries of {name} are no objects")
        known[key] = tuple({**item, "kind": key[0]} for item in good)
        at = data.get("at")
        seen[key] = float(at) if isinstance(at, int | float) else 0.0
        unknown.pop(key, None)
    return known, unknown, seen


def _space(name: str) -> str:
    return WIDE if name == CLUSTER else name


def _is_object(item: Any) -> bool:
    meta = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str)


def _logs(files: Mapping[str, bytes]) -> list[Log]:
    found = []
    for name, data in sorted(files.items()):
        match = _LOGS.match(name)
        if match:
            text = data.decode("utf-8", "replace")
            found.append(Log(match[1], match[2], match[3], bool(match[4]), text))
    return found


def _looks(files: Mapping[str, bytes]) -> list[Look]:
    found = []
    for name in sorted(files):
        if not name.startswith("looks/"):
            continue
        data = _mapping(_json(files, name, []))
        command, code = data.get("command"), data.get("exitCode")
        if isinstance(command, list) and isinstance(code, int):
            found.append(Look(tuple(map(str, command)), code, str(data.get("output") or "")))
    return found


def _findings(files: Mapping[str, bytes], state: RunState | None, notes: list[str]) -> dict[str, Finding]:
    """The run's, then those of experiments made for this very look."""
    found = {f.check: f for f in state.findings} if state is not None else {}
    rows = _json(files, "checks/findings.json", notes)
    for row in rows if isinstance(rows, list) else []:
        try:
            event = decode({"event": "found", "finding": row})
        except ValueError:
            continue
        if isinstance(event, Found):
            found[event.finding.check] = event.finding
    return found


def _history(files: Mapping[str, bytes], bundle: Bundle, notes: list[str]) -> tuple[Release, ...] | Unknown:
    data = _json(files, "helm/release.json", notes)
    if not isinstance(data, dict) or not isinstance(data.get("history"), list):
        return Unknown(_why(bundle, "helm/release"))
    names = {f.name for f in fields(Release)}
    out = []
    for row in data["history"]:
        try:
            out.append(Release(**{k: v for k, v in row.items() if k in names}))
        except (TypeError, AttributeError):
            notes.append("a revision in helm/release.json cannot be read")
    return tuple(out)


def _or_unknown(
    files: Mapping[str, bytes], name: str, collector: str, bundle: Bundle, notes: list[str]
) -> Mapping[str, Any] | Unknown:
    data = _json(files, name, notes)
    return data if isinstance(data, dict) else Unknown(_why(bundle, collector))


def _why(bundle: Bundle, collector: str) -> str:
    return next((c.why for c in bundle.manifest.collected if c.name == collector and c.why), "not gathered")


def _kept(objects: Mapping[tuple[str, str], tuple[Obj, ...]], space: str, name: str) -> dict[str, Any]:
    """What an install has recorded in the cluster, where no run is in the bundle."""
    names = Names(space, name)
    for obj in objects.get(("ConfigMap", space), ()):
        if obj["metadata"]["name"] == f"{names.full}-airgap-record"[:253]:
            try:
                record = json.loads(_mapping(obj.get("data")).get("record.json", ""))
            except (ValueError, TypeError, RecursionError):
                return {}
            return _mapping(_mapping(record).get("recorded"))
    return {}


def _clock(files: Mapping[str, bytes], notes: list[str]) -> float:
    now = _mapping(_json(files, "host/clock.json", notes)).get("now")
    return float(now) if isinstance(now, int | float) else 0.0


def _gaps(bundle: Bundle) -> list[Gap]:
    """What was not got. What hangs behind one gate is told once, by the gate."""
    out = []
    for result in bundle.manifest.collected:
        if result.outcome in _QUIET or result.why.startswith("not tried: "):
            continue
        if result.outcome is Got.ABSENT and (
            result.name.endswith(".log") or result.name.startswith("looks/")
        ):
            continue
        out.append(Gap(result.name, f"{result.outcome}: {result.why}"))
    return out
