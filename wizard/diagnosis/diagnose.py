"""The diagnosis of a scene: every family asked, causes merged, consequences told under their cause, the rest ranked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from wizard.diagnosis.cause import Diagnosis, Gap, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.causes.admission import admission
from wizard.diagnosis.causes.clock import clock
from wizard.diagnosis.causes.content import content
from wizard.diagnosis.causes.crashes import crashes
from wizard.diagnosis.causes.credentials import credentials
from wizard.diagnosis.causes.model import model
from wizard.diagnosis.causes.network import network
from wizard.diagnosis.causes.release import release
from wizard.diagnosis.causes.rest import api, checks, ended, from_here, waiting
from wizard.diagnosis.causes.scheduling import scheduling
from wizard.diagnosis.causes.storage import storage
from wizard.diagnosis.causes.token import token
from wizard.diagnosis.causes.tools import tools
from wizard.diagnosis.causes.way import way
from wizard.diagnosis.judged import judged
from wizard.diagnosis.scene import MISSHAPEN, Scene
from wizard.engine.events import Finding, Grade, Remedy

FAMILIES: tuple[tuple[str, Callable[[Scene], Iterator[Told]]], ...] = (
    ("API server", api),
    ("clocks", clock),
    ("registry content", content),
    ("way to the registry", way),
    ("registry from here", from_here),
    ("pull credentials", credentials),
    ("nodes and scheduling", scheduling),
    ("storage", storage),
    ("admission", admission),
    ("crashes", crashes),
    ("token", token),
    ("model", model),
    ("tools", tools),
    ("network policies", network),
    ("Helm release", release),
    ("waiting", waiting),
    ("checks", checks),
    ("run", ended),
)
_ORDER = {Sure.CERTAIN: 0, Sure.LIKELY: 1, Sure.POSSIBLE: 2}
_PROOFS = 12


def diagnose(scene: Scene) -> Diagnosis:
    """The causes, the likeliest first. Never raises for what stands in a scene: that may come from anywhere."""
    notes = list(scene.notes)
    scene = replace(scene, findings=_findings(scene, notes))
    causes: list[RootCause] = []
    ruled: list[RuledOut] = []
    for name, family in FAMILIES:
        try:
            for told in family(scene):
                if isinstance(told, RootCause):
                    causes.append(told if told.remedies else replace(told, remedies=(_read_on(told.code),)))
                else:
                    ruled.append(told)
        except MISSHAPEN as error:
            notes.append(
                f"{name}: not judged, what was gathered is not as the API has it ({type(error).__name__})"
            )
    return Diagnosis(
        tuple(_ranked(_told_once(_merged(causes)))),
        tuple(dict.fromkeys(ruled)),
        (*scene.gaps, *_unlooked(scene)),
        tuple(notes),
        scene.subject,
        tuple(name for name, _ in FAMILIES),
    )


def _read_on(code: str) -> Remedy:
    return Remedy("see what it means, and what to do", f"airgap-wizard explain {code}")


def _findings(scene: Scene, notes: list[str]) -> dict[str, Finding]:
    """What a run or an experiment has found, and on top of it what can be judged of the objects as they are now."""
    try:
        now = judged(scene)
    except MISSHAPEN as error:
        notes.append(
            f"checks: not judged, what was gathered is not as the API has it ({type(error).__name__})"
        )
        now = {}
    return {**scene.findings, **now}


def _merged(causes: Iterable[RootCause]) -> list[RootCause]:
    """The same cause found by two ways is one, with the proofs of both."""
    found: dict[tuple[str, str], RootCause] = {}
    for cause in causes:
        key = (cause.code, cause.title)
        known = found.get(key)
        if known is None:
            found[key] = cause
            continue
        found[key] = replace(
            known,
            sure=min(known.sure, cause.sure, key=lambda sure: _ORDER[sure]),
            proofs=tuple(dict.fromkeys((*known.proofs, *cause.proofs))),
            suffers=unique((*known.suffers, *cause.suffers)),
        )
    return list(found.values())


def _told_once(causes: list[RootCause]) -> list[RootCause]:
    """A consequence is told among what suffers from its cause, and not beside it."""
    kept: list[RootCause] = []
    under: dict[int, list[str]] = {}
    ordered = sorted(causes, key=_key)
    for cause in ordered:
        by = next((i for i, other in enumerate(kept) if _explained(cause, other)), None)
        if by is None:
            kept.append(cause)
        else:
            under.setdefault(by, []).append(cause.code if cause.code != kept[by].code else "")
    # a cause further down may lie nearer to the root than one above it
    left = [
        cause
        for cause in kept
        if not any(
            _explained(cause, other) and other.rank < cause.rank for other in kept if other is not cause
        )
    ]
    return [
        replace(
            cause,
            suffers=_once(unique((*cause.suffers, *under.get(kept.index(cause), ())))),
            proofs=cause.proofs[:_PROOFS],
        )
        for cause in left
    ]


def _once(suffers: tuple[str, ...]) -> tuple[str, ...]:
    """A check that stands there as `check NAME` does not stand there as NAME as well."""
    return tuple(each for each in suffers if f"check {each}" not in suffers)


def _explained(cause: RootCause, by: RootCause) -> bool:
    if by.sure is Sure.POSSIBLE:
        return False
    if cause.code in by.explains:
        return True
    # the same code told again in other words, by a family that knows less
    return cause.code == by.code and cause.rank > by.rank and cause.rank >= 35


def _key(cause: RootCause) -> tuple[int, int, str]:
    return (_ORDER[cause.sure], cause.rank, cause.title)


def _ranked(causes: list[RootCause]) -> list[RootCause]:
    return sorted(causes, key=_key)


def _unlooked(scene: Scene) -> Iterator[Gap]:
    """Experiments whose verdict nobody has: neither the run nor this look."""
    for check, what in (
        ("cni-enforces-policy", "whether the CNI enforces NetworkPolicy"),
        ("egress-refused", "whether a component gets out"),
        ("question-answered", "whether a question is answered"),
    ):
        found = scene.findings.get(check)
        if found is None or found.grade is Grade.UNKNOWN:
            yield Gap(
                what, "it takes an experiment (--probe)" if found is None else found.detail or found.title
            )
