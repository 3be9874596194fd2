"""The Helm release of that name, and the volume of that name: what an earlier attempt left."""

from dataclasses import dataclass

from wizard.cluster.helm.lock import Held, ours
from wizard.facts.base import Sources
from wizard.facts.fetch import names


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """`status` as Helm has it (deployed, pending-install, failed, …); "" where there is no release.

    `ours` = a helm of ours works on it, or was killed over it: the install waits for it, or clears up after it.
    """

    name: str
    namespace: str
    status: str = ""
    revision: int = 0
    chart: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """The claim that the StatefulSet will take by its name, where it exists."""

    name: str
    exists: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    storage_class: str = ""
    size: str = ""
    phase: str = ""
    deleting: bool = False


def gather_release(sources: Sources) -> ReleaseState:
    """Ask Helm."""
    where = names(sources)
    found = sources.helm.release(where.release, where.namespace)
    if found is None:
        return ReleaseState(where.release, where.namespace)
    mine = ours(Held.of(sources.answers.cluster))
    return ReleaseState(where.release, where.namespace, found.status, found.revision, found.chart, mine)


def gather_volume(sources: Sources) -> Volume:
    """Read the claim."""
    where = names(sources)
    found = sources.cluster.get("PersistentVolumeClaim", where.volume, where.namespace)
    if found is None:
        return Volume(where.volume)
    meta, spec = found["metadata"], found.get("spec") or {}
    wants = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "")
    return Volume(
        where.volume,
        True,
        tuple(sorted((str(k), str(v)) for k, v in (meta.get("labels") or {}).items())),
        str(spec.get("storageClassName") or ""),
        str(wants),
        str((found.get("status") or {}).get("phase", "")),
        bool(meta.get("deletionTimestamp")),
    )
