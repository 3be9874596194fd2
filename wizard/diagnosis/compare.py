"""What changed between two scenes: causes that came and went, and what is different underneath."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wizard.cluster.port import Obj
from wizard.diagnosis.diagnose import diagnose
from wizard.diagnosis.scene import Scene, labels, statuses
from wizard.engine.events import Finding
from wizard.facts.base import Unknown

_SKIP = {"resourceVersion", "uid", "generation", "creationTimestamp", "managedFields", "status"}
_NOT_COMPARED = {"Event", "Lease", "ReplicaSet"}
_MOST = 400


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `what` names the thing, `before` and `after` are "" where it was not there."""

    what: str
    before: str
    after: str


def changes(a: Scene, b: Scene) -> list[Change]:
    """From `a` to `b`, causes first. What is unknown on one side is no difference."""
    found = [
        *_causes(a, b),
        *_checks(a.findings, b.findings),
        *_release(a, b),
        *_pods(a, b),
        *_objects(a, b),
        *_stock(a, b),
    ]
    if isinstance(a.version, str) and isinstance(b.version, str) and a.version != b.version:
        found.append(Change("Kubernetes", a.version, b.version))
    return found[:_MOST]


def _causes(a: Scene, b: Scene) -> Iterator[Change]:
    before = {c.code: c.title for c in diagnose(a).causes}
    after = {c.code: c.title for c in diagnose(b).causes}
    for code in sorted(before.keys() | after.keys()):
        if code not in after:
            yield Change(f"cause {code}", before[code], "")
        elif code not in before:
            yield Change(f"cause {code}", "", after[code])


def _checks(a: Mapping[str, Finding], b: Mapping[str, Finding]) -> Iterator[Change]:
    for name in sorted(a.keys() & b.keys()):
        if a[name].grade is not b[name].grade:
            yield Change(
                f"check {name}", f"{a[name].grade}: {a[name].title}", f"{b[name].grade}: {b[name].title}"
            )


def _release(a: Scene, b: Scene) -> Iterator[Change]:
    if isinstance(a.history, Unknown) or isinstance(b.history, Unknown):
        return
    one = (
        f"revision {a.history[-1].revision} {a.history[-1].status} {a.history[-1].chart}" if a.history else ""
    )
    two = (
        f"revision {b.history[-1].revision} {b.history[-1].status} {b.history[-1].chart}" if b.history else ""
    )
    if one != two:
        yield Change(f"release {a.names.release}", one, two)


def _state(pod: Obj) -> str:
    words = [str((pod.get("status") or {}).get("phase", ""))]
    for each in statuses(pod):
        waiting = ((each.get("state") or {}).get("waiting") or {}).get("reason")
        if waiting:
            words.append(str(waiting))
        if each.get("restartCount"):
            words.append(f"{each['restartCount']} restarts")
    return ", ".join(words)


def _pods(a: Scene, b: Scene) -> Iterator[Change]:
    """By component: the names of pods are other ones each time."""
    if not (a.known("Pod") and b.known("Pod")):
        return
    before, after = _by_component(a), _by_component(b)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change(f"pods of {name}", before.get(name, ""), after.get(name, ""))


def _by_component(scene: Scene) -> dict[str, str]:
    out: dict[str, list[str]] = {}
    for pod in scene.pods():
        out.setdefault(str(labels(pod).get("app.kubernetes.io/component", "?")), []).append(_state(pod))
    return {name: "; ".join(sorted(states)) for name, states in out.items()}


def _objects(a: Scene, b: Scene) -> Iterator[Change]:
    for key in sorted(a.objects.keys() & b.objects.keys()):
        kind, namespace = key
        if kind in _NOT_COMPARED or kind == "Pod":
            continue
        where = f"{namespace}/" if namespace else ""
        before = {o["metadata"]["name"]: o for o in a.objects[key]}
        after = {o["metadata"]["name"]: o for o in b.objects[key]}
        for name in sorted(before.keys() | after.keys()):
            what = f"{kind} {where}{name}"
            if name not in after:
                yield Change(what, "there", "")
            elif name not in before:
                yield Change(what, "", "there")
            else:
                yield from _fields(what, before[name], after[name])


def _fields(what: str, a: Any, b: Any, path: str = "", depth: int = 0) -> Iterator[Change]:
    if a == b or depth > 12:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}, key=str):
            if key not in _SKIP or (key == "status" and "PersistentVolumeClaim" in what):
                yield from _fields(
                    what, a.get(key), b.get(key), f"{path}.{key}" if path else str(key), depth + 1
                )
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (one, two) in enumerate(zip(a, b, strict=True)):
            yield from _fields(what, one, two, f"{path}[{index}]", depth + 1)
    else:
        yield Change(f"{what}: {path}", _short(a), _short(b))


def _short(value: Any) -> str:
    return "" if value is None else str(value)[:200]


def _stock(a: Scene, b: Scene) -> Iterator[Change]:
    if isinstance(a.stock, Unknown) or isinstance(b.stock, Unknown):
        return
    if a.stock.get("reachable") != b.stock.get("reachable"):
        yield Change(f"registry {a.registry}", _answers(a.stock), _answers(b.stock))
    for part in ("images", "models"):
        one, two = a.stock.get(part) or {}, b.stock.get(part) or {}
        for name in sorted(one.keys() | two.keys()):
            before, after = (one.get(name) or {}).get("found", ""), (two.get(name) or {}).get("found", "")
            if before != after:
                yield Change(f"{name} in the registry", str(before), str(after))


def _answers(stock: Mapping[str, Any]) -> str:
    return "answers" if stock.get("reachable") else "does not answer"


def lines(found: list[Change]) -> list[str]:
    """For people."""
    from wizard.diagnosis.text import clean

    if not found:
        return ["nothing that was gathered in both has changed"]
    out = []
    for each in found:
        mark = "+" if not each.before else "-" if not each.after else "~"
        out.append(f"{mark} {clean(each.what)}")
        if each.before and each.after:
            out += [f"    was  {clean(each.before)}", f"    is   {clean(each.after)}"]
        elif each.before not in ("", "there") or each.after not in ("", "there"):
            out.append(f"    {clean(each.before or each.after)}")
    return out
