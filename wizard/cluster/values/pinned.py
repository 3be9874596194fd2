"""Images pinned by the digest that was recorded when they were copied (S1.20, S1.30)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.cluster.objects.names import COMPONENTS
from wizard.engine.problems import Problem, Remedy

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One image inside the perimeter: `repository` with its registry, `tag` ("" where it has none), `digest`."""

    name: str
    source: str
    repository: str
    tag: str
    digest: str
    platforms: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """HOST/PATH@DIGEST: what a pod should name."""
        return f"{self.repository}@{self.digest}"


def pinned(images: Mapping[str, Any], host: str) -> dict[str, Pinned]:
    """The images of a run's evidence ("mirror-images" → "images"), by name.

    Raises Problem `values-digest-missing` (exit 2) where a component has no digest, `values-image-outside`
    (exit 2) where a target is not in the registry `host`.
    """
    out: dict[str, Pinned] = {}
    for name, found in images.items():
        if not isinstance(found, Mapping):
            continue
        target, digest = str(found.get("target", "")), str(found.get("digest", ""))
        if not target or not _DIGEST.match(digest):
            continue
        repository, tag = split(target)
        if not repository.startswith(host + "/"):
            raise Problem(
                "values-image-outside",
                f"the recorded copy of {name} is {target}, which is not in {host}",
                detail="values are written for the internal registry of the answers alone (registry.host)",
                remedies=(Remedy("copy the images to this registry", "airgap-wizard run --answers-file F"),),
                exit_code=2,
            )
        platforms = tuple(str(p) for p in found.get("platforms", ()) or ())
        out[name] = Pinned(name, str(found.get("source", "")), repository, tag, digest, platforms)
    missing = [name for name in COMPONENTS if name not in out]
    if missing:
        raise Problem(
            "values-digest-missing",
            f"no digest is recorded for {', '.join(missing)}",
            detail="values name every image by the digest that was read back after its copy; a tag alone proves nothing",
            remedies=(
                Remedy(
                    "copy the images first",
                    "airgap-wizard run --answers-file F --until mirror-images",
                ),
                Remedy(
                    "or name the run (or a JSON file) that has the digests with --digests; this lists the runs",
                    "airgap-wizard runs",
                ),
            ),
            evidence={"missing": missing},
            exit_code=2,
        )
    return out


def split(target: str) -> tuple[str, str]:
    """HOST:PORT/PATH:TAG[@DIGEST] → (HOST:PORT/PATH, TAG)."""
    name = target.partition("@")[0]
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return head + slash + last, tag


def recorded(path: Path) -> Mapping[str, Any]:
    """The images recorded in a JSON file: the evidence of a whole run, of its step mirror-images, or the map alone.

    Raises Problem `values-digests-not-readable` (exit 2).
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from None
    for key in ("evidence", "mirror-images", "images"):
        if isinstance(data, dict) and key in data:
            data = data[key]
    if not isinstance(data, dict) or not all(isinstance(found, dict) for found in data.values()):
        raise _unreadable(path, 'expected {"gateway": {"source": …, "target": …, "digest": …}, …}')
    return data


def _unreadable(path: Path, why: str) -> Problem:
    return Problem(
        "values-digests-not-readable",
        f"no digests can be read from {path}",
        detail=why,
        remedies=(Remedy("name a run folder, or the JSON file that its step mirror-images left"),),
        exit_code=2,
    )
