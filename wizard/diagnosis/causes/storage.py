"""The model's volume: a class that is missing or another one, a provisioner that is silent or refuses, a volume that is full."""

from collections.abc import Iterator

from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Remedy

_EXPLAINS = DOWN | {
    "claim-pending",
    "pod-unschedulable",
    "storage-binds",
    "storage-class-exists",
    "volume-adoptable",
    "pod-waits-for-volume",
}


def storage(scene: Scene) -> Iterator[Told]:
    """The claim's phase and events; before there is a claim, what the checks found."""
    claim = scene.get("PersistentVolumeClaim", scene.names.volume)
    phase = str(((claim or {}).get("status") or {}).get("phase") or "")
    wanted = scene.answers.cluster.storage_class if scene.answers else ""
    if claim is None or phase in ("", "Bound"):
        if claim is not None and phase == "Bound":
            yield RuledOut("storage", f"claim {scene.names.volume} is Bound")
            yield from _other(
                scene, str((claim.get("spec") or {}).get("storageClassName") or ""), wanted, Sure.POSSIBLE
            )
        yield from _checks(scene, wanted)
        return
    name = str((claim.get("spec") or {}).get("storageClassName") or "")
    events = scene.events(claim)
    last = events[-1] if events else {}
    words = str(last.get("message") or "nobody has said anything about it")
    proof = Proof(f"claim {scene.names.volume}", f"{phase} in class {name or '(none)'}: {words}")
    if phase == "Lost":
        yield _cause(
            "volume-lost",
            f"the volume under claim {scene.names.volume} is gone",
            Sure.CERTAIN,
            proof,
            _again(scene),
        )
    elif (scene.known("StorageClass", "") and scene.absent("StorageClass", name, "")) or "not found" in words:
        yield _no_class(scene, name, proof)
    elif last.get("reason") == "WaitForFirstConsumer":
        yield RuledOut(
            "storage", f"claim {scene.names.volume} waits for its pod, as it should until the pod has a node"
        )
    elif any(e.get("reason") == "ProvisioningFailed" for e in events[-3:]):
        failed = next(e for e in reversed(events) if e.get("reason") == "ProvisioningFailed")
        yield _cause(
            "provisioning-failed",
            f"the provisioner of class {name} refuses to make the volume",
            Sure.CERTAIN,
            Proof(f"claim {scene.names.volume}", str(failed.get("message", ""))),
            Remedy("mend what it names, at the storage system; it tries again by itself", _describe(scene)),
        )
    else:
        yield _silent(scene, name, proof)
    if name != wanted:
        yield from _other(scene, name, wanted, Sure.LIKELY)


def _checks(scene: Scene, wanted: str) -> Iterator[Told]:
    exists, binds = scene.failed("storage-class-exists"), scene.failed("storage-binds")
    if exists is not None:
        yield _no_class(
            scene, wanted, Proof("check storage-class-exists", f"{exists.title} {exists.detail}".strip())
        )
    elif binds is not None:
        proof = Proof("check storage-binds", f"{binds.title}; {binds.detail}")
        if binds.evidence.get("phase") == "Bound":
            yield _cause(
                "volume-not-mounted",
                f"a volume of class {wanted} is made, and no pod can run with it",
                Sure.CERTAIN,
                proof,
                Remedy("see the CSI node plugin's log on the nodes", "kubectl get csinodes"),
            )
        else:
            yield _silent(scene, wanted, proof)
    fault = scene.fault
    if fault is not None and fault.code == "volume-full":
        yield RootCause(
            "volume-full",
            f"the volume {scene.names.volume} has no room for the model",
            Sure.CERTAIN,
            (Proof(f"the run's end: {fault.title}", fault.detail),),
            _larger(scene) or fault.remedies,
            12,
            (f"claim {scene.names.volume}",),
            DOWN,
        )


def _larger(scene: Scene) -> tuple[Remedy, ...]:
    """Twice the size: grown in place where the class can, else the claim goes first. Empty without answers."""
    if scene.answers is None:
        return ()
    at, space, volume = scene.answers.cluster, scene.names.namespace, scene.names.volume
    size = _twice(at.volume_size)
    can_grow = bool((scene.get("StorageClass", at.storage_class, "") or {}).get("allowVolumeExpansion"))
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{size}"}}}}}}}}'
    first = (
        Remedy("grow the claim", f"kubectl -n {space} patch pvc {volume} --type merge -p '{patch}'")
        if can_grow
        else Remedy(
            "this class cannot grow a volume: remove the claim; the model is loaded again from the registry",
            f"kubectl -n {space} delete pvc {volume}",
        )
    )
    return first, Remedy("and run with the larger size", f"{scene.again} --set cluster.volumeSize={size}")


def _twice(size: str) -> str:
    number = size.rstrip("KMGTPEkmi")
    return f"{2 * float(number):g}{size[len(number) :]}"


def _cause(code: str, title: str, sure: Sure, proof: Proof, *remedies: Remedy) -> RootCause:
    return RootCause(code, title, sure, (proof,), remedies, 12, (proof.about,), _EXPLAINS)


def _describe(scene: Scene) -> str:
    return f"kubectl -n {scene.names.namespace} describe pvc {scene.names.volume}"


def _again(scene: Scene) -> Remedy:
    return Remedy(
        "bring it back from the storage system, or make a new one and load the model again",
        scene.step("load-model"),
    )


def _no_class(scene: Scene, name: str, proof: Proof) -> RootCause:
    there = sorted(str(c["metadata"]["name"]) for c in scene.of("StorageClass", ""))
    has = f"there are {', '.join(there)}" if there else "there is none at all"
    claim = scene.get("PersistentVolumeClaim", scene.names.volume)
    # the class of a claim cannot be changed: the one that waits has to go first
    first = (
        (
            Remedy(
                "remove the claim that waits (nothing is on it)",
                f"kubectl -n {scene.names.namespace} delete pvc {scene.names.volume}",
            ),
        )
        if claim is not None
        else ()
    )
    return _cause(
        "storage-class-missing",
        f"there is no StorageClass {name or '(no name was given)'}",
        Sure.CERTAIN,
        Proof(proof.about, f"{proof.words}; {has}"),
        *first,
        Remedy(
            "name one that exists" if there else "have a StorageClass set up, and name it",
            f"{scene.again} --set cluster.storageClass={there[0] if there else 'NAME'}",
        ),
    )


def _silent(scene: Scene, name: str, proof: Proof) -> RootCause:
    found = scene.get("StorageClass", name, "")
    provisioner = str((found or {}).get("provisioner") or "")
    return _cause(
        "provisioner-silent",
        f"nobody makes volumes of class {name}"
        + (f": its provisioner {provisioner} does not run, or does not answer" if provisioner else ""),
        Sure.LIKELY if "nobody has said" in proof.words else Sure.CERTAIN,
        proof,
        Remedy(
            "bring the provisioner up: its pods, and its registration with the nodes",
            f"kubectl get pods -A -o wide | grep -i {provisioner.partition('.')[0] or 'csi'}; kubectl get csidrivers",
        ),
        *_another(scene, name, provisioner),
    )


def _another(scene: Scene, name: str, provisioner: str) -> Iterator[Remedy]:
    """A class with another provisioner, where there is one. The class of a claim cannot be changed: it has to go first."""
    there = [
        str(c["metadata"]["name"])
        for c in scene.of("StorageClass", "")
        if c["metadata"]["name"] != name and c.get("provisioner") != provisioner
    ]
    if not there:
        return
    space, volume = scene.names.namespace, scene.names.volume
    if scene.get("PersistentVolumeClaim", volume) is not None:
        yield Remedy(
            f"or use another class ({', '.join(there)}): remove the claim that waits, nothing is on it",
            f"kubectl -n {space} delete pvc {volume}",
        )
        yield Remedy("and install with that class", f"{scene.again} --set cluster.storageClass={there[0]}")
    else:
        yield Remedy(
            f"or use another class: there is {', '.join(there)}",
            f"{scene.again} --set cluster.storageClass={there[0]}",
        )


def _other(scene: Scene, name: str, wanted: str, sure: Sure) -> Iterator[Told]:
    """A claim of another class than the answers name: its StatefulSet takes it by its name, whatever its class."""
    if not wanted or not name or name == wanted:
        return
    yield RootCause(
        "claim-of-other-class",
        f"claim {scene.names.volume} is of class {name}, and the answers name {wanted}",
        sure,
        (Proof(f"claim {scene.names.volume}", f"storageClassName: {name}"),),
        (
            Remedy(
                "to keep what is on it, name its class in the answers",
                f"{scene.again} --set cluster.storageClass={name}",
            ),
            Remedy(
                "to begin afresh (the model on it is lost and loaded again), remove it",
                f"kubectl -n {scene.names.namespace} delete pvc {scene.names.volume}",
            ),
        ),
        30,
        (f"claim {scene.names.volume}",),
        frozenset({"volume-adoptable", "claim-pending"}),
    )
