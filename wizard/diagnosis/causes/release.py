"""The Helm release: held by an operation that never ended, or refused over a field that nobody may change."""

from collections.abc import Iterator

from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene, labels
from wizard.engine.events import Remedy
from wizard.facts.base import Unknown

_PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
_EXPLAINS = frozenset(
    {"release-state", "helm-name-in-use", "preflight-failed", "helm-failed", "release-busy"}
)


def release(scene: Scene) -> Iterator[Told]:
    """Helm's history where it was to be had, else the labels of its Secrets."""
    status, revision, about = _latest(scene)
    check, fault = scene.failed("release-state"), scene.fault
    name, space = scene.names.release, scene.names.namespace
    stuck = status in _PENDING
    if stuck or check is not None or (fault is not None and fault.code == "release-stuck"):
        proofs = [Proof(about, f"revision {revision} is {status}")] if stuck else []
        if check is not None:
            proofs.append(Proof("check release-state", f"{check.title}; {check.detail}"))
        if fault is not None and fault.code == "release-stuck":
            proofs.append(Proof("the run's end", fault.detail or fault.title))
        yield RootCause(
            "release-stuck",
            f"release {name} is held in {status if stuck else 'an operation'} that has not ended: Helm refuses to touch it",
            Sure.CERTAIN if check is not None or fault is not None else Sure.LIKELY,
            tuple(proofs),
            (
                Remedy("see that no helm is at work on it any more", f"helm history {name} -n {space}"),
                Remedy(
                    "then remove the record of that revision alone; objects and volume stay",
                    f"kubectl -n {space} delete secret -l "
                    f"'owner=helm,name={name},status in ({','.join(_PENDING)})'",
                ),
                Remedy("and install again", scene.again),
            ),
            15,
            (f"release {name}",),
            _EXPLAINS,
        )
    elif status:
        yield RuledOut("the Helm release is stuck", f"revision {revision} is {status}")
    if fault is not None and fault.code == "helm-immutable-field":
        yield RootCause(
            "helm-immutable-field",
            f"the upgrade of {name} changes a field of the StatefulSet that the API lets nobody change; the rest was applied",
            Sure.CERTAIN,
            (Proof("Helm's words", fault.detail),),
            (
                Remedy(
                    "remove the StatefulSet without its pods and its volume",
                    f"kubectl -n {space} delete statefulset {scene.names.of_component('ollama')} --cascade=orphan",
                ),
                Remedy("and run again: it is made anew around the same volume", scene.again),
            ),
            15,
            (f"statefulset {scene.names.of_component('ollama')}",),
            frozenset({"helm-failed", "release-state"}),
        )


def _latest(scene: Scene) -> tuple[str, int, str]:
    name = scene.names.release
    if not isinstance(scene.history, Unknown):
        mine = [each for each in scene.history if each.name == name]
        return (mine[-1].status, mine[-1].revision, f"helm history {name}") if mine else ("", 0, "")
    found = []
    for secret in scene.of("Secret"):
        known = labels(secret)
        if known.get("owner") == "helm" and known.get("name") == name and str(known.get("version")).isdigit():
            found.append((int(known["version"]), str(known.get("status") or "")))
    revision, status = max(found, default=(0, ""))
    return status, revision, f"secret sh.helm.release.v1.{name}.v{revision}"
