"""What can go wrong on the way to the volume, told with what to do."""

from collections.abc import Mapping
from typing import Any

from wizard.cluster.objects.names import Names
from wizard.cluster.port import PodResult
from wizard.engine.problems import Problem, Remedy

_AGAIN = Remedy(
    "then run again: what is on the volume is not copied again", "airgap-wizard run --answers-file F"
)


def load_problem(model: str, names: Names, last: Mapping[str, Any], result: PodResult) -> Problem:
    """The probe's own code where it is one that has its own remedy; `model-load-failed` otherwise."""
    code, detail = str(last.get("code", "")), str(last.get("detail", ""))
    tail = " / ".join(result.output.strip().splitlines()[-3:])
    evidence = {"model": model, "code": code, "exitCode": result.exit_code, "node": result.node}
    where = f"kubectl -n {names.namespace} get pvc {names.volume}"
    known = {
        "volume-full": (
            f"the volume is full: {model} does not fit on {names.volume}",
            Remedy(
                "set cluster.volumeSize larger; where the class cannot grow a volume, delete the claim first",
                where,
            ),
        ),
        "volume-not-writable": (
            f"the volume {names.volume} cannot be written to as UID 65532",
            Remedy("the class must honour fsGroup, or the volume's root must belong to group 65532", where),
        ),
        "volume-damages-data": (
            f"the volume {names.volume} gives back other bytes than were written to it",
            Remedy("do not use this storage: have its disks and network checked", where),
        ),
    }
    if code in known:
        title, remedy = known[code]
        return Problem(code, title, detail=detail, remedies=(remedy, _AGAIN), evidence=evidence)
    return Problem(
        "model-load-failed",
        f"{model} was not loaded onto {names.volume}" + (f": {code}" if code else ""),
        detail=detail or f"exit code {result.exit_code}; last words: {tail or 'none'}",
        remedies=(_by_code(code), _AGAIN),
        evidence=evidence,
    )


def _by_code(code: str) -> Remedy:
    """For what the registry did to the loader inside the cluster."""
    if "credentials" in code:
        return Remedy(
            "the pull secret must be good for the model's repository too: one credential serves both"
        )
    if code == "artefact-not-found":
        return Remedy("push the model again", "airgap-wizard run --answers-file F --only carry-model")
    if code.startswith("artefact-"):
        return Remedy(
            "push the model again with this program", "airgap-wizard run --answers-file F --only carry-model"
        )
    if "tls" in code or "ca-" in code:
        return Remedy("name the CA that signed the registry's certificate in registry.caFile")
    if code.startswith("registry-"):
        return Remedy(
            "see whether pods can reach the registry: firewalls, and policies of the registry's namespace"
        )
    return Remedy("read the words above; the pod is gone, its log is in the journal")


def missing(names: Names, model: str, why: str) -> Problem:
    """The volume does not hold the model, and Ollama would not find it."""
    return Problem(
        "model-not-on-volume",
        f"{model} is not on volume {names.volume} as it should be",
        detail=why,
        remedies=(
            Remedy(
                "have it loaded (model.preloaded: false), or fill the volume with Ollama's own store layout under "
                ".ollama/models"
            ),
            Remedy("see the volume", f"kubectl -n {names.namespace} describe pvc {names.volume}"),
        ),
        evidence={"model": model, "volume": names.volume},
    )


def not_carried(model: str) -> Problem:
    """No step of this run has shown where the artefact is."""
    return Problem(
        "model-not-carried",
        f"{model} is not known to be in the internal registry",
        detail="carry-model records its digest, and it is loaded by that digest alone",
        remedies=(Remedy("carry it first", "airgap-wizard run --answers-file F --only carry-model"),),
    )
