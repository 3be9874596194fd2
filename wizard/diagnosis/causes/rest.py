"""What no other family tells: the API server, the registry as seen from here, checks that failed, the end of the run."""

import re
from collections.abc import Iterator

from wizard.cluster.port import Reader
from wizard.cluster.waiting.release import causes as waiting_for
from wizard.diagnosis.cause import DOWN, Proof, RootCause, Sure, Told
from wizard.diagnosis.reader import SceneCluster
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Grade, Remedy
from wizard.engine.problems import Problem
from wizard.facts.base import Unknown

_ALL = DOWN | {"cluster-unreachable", "cluster-forbidden", "rbac-sufficient", "not-gathered"}
SYMPTOMS = DOWN - {"gateway-healthy"} | {"step-needs"}
"""Ends of a run that say what came of it, and not why."""


def api(scene: Scene) -> Iterator[Told]:
    """An API server that does not answer, now or then, and what we may not do."""
    fault = scene.fault
    away = next((gap for gap in scene.gaps if gap.what == "cluster/version" and _means_away(gap.why)), None)
    then = fault is not None and fault.code == "cluster-unreachable"
    if away is not None or then:
        proofs = [Proof("asked now", away.why)] if away is not None else []
        if then and fault is not None:
            proofs.append(Proof("the run's end", f"{fault.title}; {fault.detail}"))
        now = away is not None or not isinstance(scene.version, str)
        yield RootCause(
            "cluster-unreachable",
            "the Kubernetes API server does not answer"
            if now
            else "the Kubernetes API server did not answer the run",
            Sure.CERTAIN if now else Sure.LIKELY,
            tuple(proofs),
            (
                Remedy("see whether it answers", "kubectl get --raw /readyz?verbose"),
                Remedy("on a control-plane node, see its container", "crictl ps -a --name kube-apiserver"),
                Remedy("once it is back, run again: what is done is recognised", scene.again),
            ),
            3,
            (),
            _ALL,
        )


def _means_away(why: str) -> bool:
    return "not configured" not in why and "kubeconfig" not in why


def from_here(scene: Scene) -> Iterator[Told]:
    """The registry's own problem where it did answer, or TLS does not come about."""
    if isinstance(scene.stock, Unknown):
        return
    told = [scene.stock, *(scene.stock.get("images") or {}).values()]
    problems = [
        row["problem"] for row in told if isinstance(row, dict) and isinstance(row.get("problem"), dict)
    ]
    for each in problems:
        code = str(each.get("code") or "")
        if not code.startswith("registry-") or code in _WAY:
            continue
        yield RootCause(
            each["code"],
            str(each.get("title")),
            Sure.CERTAIN,
            (
                Proof(
                    f"registry {scene.registry}, asked from here",
                    f"{each.get('title')}; {each.get('detail')}",
                ),
            ),
            (Remedy("see what it means, and what to do", f"airgap-wizard explain {code}"),),
            18,
        )
        return


_WAY = {
    "registry-refused",
    "registry-unreachable",
    "registry-stalled",
    "registry-cut",
    "registry-name-unknown",
}


def waiting(scene: Scene) -> Iterator[Told]:
    """What the release waits for, in the words of the step that waits: for what no family knows better."""
    reader: Reader = SceneCluster(scene)
    try:
        found = waiting_for(reader, scene.names)
    except Problem:
        return
    for each in found:
        yield RootCause(
            each.code,
            each.problem.title,
            Sure.LIKELY,
            (Proof(each.about, each.problem.detail or each.problem.title),),
            each.problem.remedies,
            60 + each.rank,
            (each.about,),
            DOWN,
        )


def checks(scene: Scene) -> Iterator[Told]:
    """Every check that failed, told as itself where no family explains it."""
    for name, finding in scene.findings.items():
        if finding.grade is Grade.FAIL:
            yield RootCause(
                finding.check,
                finding.title,
                Sure.CERTAIN,
                (Proof(f"check {name}", finding.detail or finding.title),),
                finding.remedies,
                75 if name in DOWN else 35,
                (f"check {name}",),
                frozenset({"preflight-failed", "verification-failed"}),
            )


def ended(scene: Scene) -> Iterator[Told]:
    """The problem that ended the run; a run that was killed."""
    fault = scene.fault
    if fault is not None:
        symptom = fault.code in SYMPTOMS
        yield RootCause(
            fault.code,
            fault.title,
            Sure.LIKELY if symptom else Sure.CERTAIN,
            (Proof("the run's end", fault.detail or fault.title),),
            (
                *(_typed(scene, r) for r in fault.remedies),
                Remedy("then run again: what is done is recognised", scene.again),
            ),
            80 if symptom else 45,
        )
    elif scene.run is not None and scene.run.steps and not scene.run.over:
        step = scene.run.current
        yield RootCause(
            "run-died",
            f"the run was killed{f' in {step.id}' if step else ''}, or goes on still: its journal has no end",
            Sure.POSSIBLE,
            (Proof("journal", f"last step: {step.id if step else 'none'}"),),
            (Remedy("run again: what is done is recognised", scene.again),),
            82,
        )


def _typed(scene: Scene, remedy: Remedy) -> Remedy:
    """A reference that was probably meant, as the command that takes it: which image it is stands in the answers."""
    meant = _MEANT.match(remedy.text)
    if remedy.command or meant is None or scene.answers is None:
        return remedy
    images = scene.answers.images
    for key in ("gateway", "bridge", "ollama", "probe"):
        if _repository(str(getattr(images, key))) == _repository(meant[1]):
            return Remedy(remedy.text, f"{scene.again} --set images.{key}={meant[1]}")
    return remedy


_MEANT = re.compile(r"did you mean (\S+)\?")


def _repository(reference: str) -> str:
    head, slash, tail = reference.partition("@")[0].rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"
