"""Pods and objects that the API does not let come into being: PodSecurity, quota, limit ranges, webhooks, policies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.cluster.waiting.refusal import remedies, rule
from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.scene import Scene, labels
from wizard.engine.events import Remedy

_EXPLAINS = DOWN | {"pod-refused", "cluster-refused", "helm-failed", "claim-pending", "pull-secret-refused"}
_KINDS = ("ReplicaSet", "StatefulSet", "Deployment", "Job", "DaemonSet")


@dataclass(frozen=True, slots=True)
class _Refused:
    about: str
    words: str


def admission(scene: Scene) -> Iterator[Told]:
    """One cause a rule that refuses, whatever it refuses."""
    refused = [*_conditions(scene), *_events(scene), *_run(scene)]
    found: dict[tuple[str, str], list[_Refused]] = {}
    for each in refused:
        found.setdefault(rule(each.words), []).append(each)
    for (kind, name), mine in found.items():
        if kind:
            yield _MAKERS[kind](scene, name, mine)
    quota = scene.failed("quota-fits")
    if quota is not None and not any(kind == "quota" for kind, _ in found):
        names = ", ".join(str(q) for q in quota.evidence.get("quotas") or []) or "?"
        yield _quota(scene, names, [_Refused("check quota-fits", f"{quota.title}: {quota.detail}")])
    if not refused and scene.known("Event") and scene.known("ReplicaSet"):
        yield RuledOut("admission refuses pods", "no controller was refused one")


def _conditions(scene: Scene) -> list[_Refused]:
    """What is refused now."""
    return [
        _Refused(f"{kind} {owner['metadata']['name']}", str(condition.get("message", "")))
        for kind in _KINDS
        for owner in scene.of(kind)
        for condition in (owner.get("status") or {}).get("conditions") or []
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
    ]


def _events(scene: Scene) -> list[_Refused]:
    """Of owners that have no pod still: an event of an hour ago may be long over."""
    owners = {str(r.get("uid")) for pod in scene.pods() for r in pod["metadata"].get("ownerReferences") or []}
    owners |= {
        str(r.get("uid"))
        for rs in scene.of("ReplicaSet")
        if rs["metadata"].get("uid") in owners
        for r in rs["metadata"].get("ownerReferences") or []
    }
    found = []
    for event in scene.events():
        who = event.get("involvedObject") or event.get("regarding") or {}
        if event.get("reason") not in ("FailedCreate", "FailedUpdate") or who.get("kind") not in _KINDS:
            continue
        name = str(who.get("name", ""))
        if not name.startswith(scene.names.full) or str(who.get("uid")) in owners:
            continue
        if any(
            str(labels(pod).get("app.kubernetes.io/name")) and pod["metadata"]["name"].startswith(name)
            for pod in scene.pods()
        ):
            continue
        found.append(_Refused(f"{who['kind']} {name}", str(event.get("message", ""))))
    return found


def _run(scene: Scene) -> list[_Refused]:
    fault = scene.fault
    if fault is None or fault.code in ("preflight-failed", "verification-failed"):
        return []
    return [_Refused(f"the run's end: {fault.title}", fault.detail)] if rule(fault.detail)[0] else []


def _cause(
    code: str, title: str, mine: list[_Refused], *remedies: Remedy, explains: frozenset[str] = frozenset()
) -> RootCause:
    seen = {each.about: each for each in mine}
    proofs = tuple(Proof(each.about, each.words) for each in seen.values())
    return RootCause(code, title, Sure.CERTAIN, proofs, remedies, 16, unique(seen), _EXPLAINS | explains)


def _podsecurity(scene: Scene, level: str, mine: list[_Refused]) -> RootCause:
    why = ", ".join(
        unique(re.split(r"violates PodSecurity \"[^\"]*\": ", each.words, maxsplit=1)[-1] for each in mine)
    )
    return _cause(
        "podsecurity-refuses",
        f"PodSecurity {level} of namespace {scene.names.namespace} refuses the pods",
        mine,
        Remedy(
            f"the chart's own pods satisfy it: take out of chart.overrides what does not ({why[:200]}), and install",
            scene.install,
        ),
        Remedy(
            "see what the namespace enforces", f"kubectl get namespace {scene.names.namespace} --show-labels"
        ),
    )


def _quota(scene: Scene, name: str, mine: list[_Refused]) -> RootCause:
    check = scene.failed("quota-fits")
    return _cause(
        "quota-exceeded",
        f"the quota {name} of namespace {scene.names.namespace} leaves no room for the pods",
        mine,
        *(r for r in (check.remedies if check is not None else ()) if " patch resourcequota " in r.command),
        Remedy(
            "have it raised by what is missing; the controllers try again by themselves",
            f"kubectl -n {scene.names.namespace} describe resourcequota {name if name != '?' else ''}".rstrip(),
        ),
        Remedy(
            "or lower requests and limits in a values file of your own (chart.overrides), and install",
            scene.overriding,
        ),
        explains=frozenset({"quota-fits"}),
    )


def _range(scene: Scene, name: str, mine: list[_Refused]) -> RootCause:
    return _cause(
        "limitrange-refuses",
        f"a LimitRange of namespace {scene.names.namespace} does not allow what the pods ask for",
        mine,
        Remedy("see its limits", f"kubectl -n {scene.names.namespace} describe limitrange"),
        Remedy(
            "stay within them in a values file of your own (chart.overrides), and install", scene.overriding
        ),
        explains=frozenset({"quota-fits"}),
    )


def _webhook(scene: Scene, name: str, mine: list[_Refused]) -> RootCause:
    return _cause(
        "webhook-refuses",
        f"the admission policy {name} refuses objects of the release",
        mine,
        Remedy(
            "give the objects what its words ask for, in a values file of your own (chart.overrides); a label is "
            "`commonLabels: {NAME: VALUE}`. Then install",
            scene.overriding,
        ),
        remedies(mine[0].words, scene.names.namespace)[-1],
    )


def _silent(scene: Scene, name: str, mine: list[_Refused]) -> RootCause:
    return _cause(
        "webhook-silent",
        f"the admission webhook {name} does not answer, so that the API refuses what it would have to see",
        mine,
        Remedy(
            "bring the webhook's own pods up first",
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o wide",
        ),
    )


_MAKERS = {
    "podsecurity": _podsecurity,
    "quota": _quota,
    "range": _range,
    "webhook": _webhook,
    "silent": _silent,
}
