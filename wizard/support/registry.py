"""What the internal registry has, against what was recorded of the images and models that were carried into it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from wizard.answers.model import Answers
from wizard.engine.problems import Problem
from wizard.facts.fetch import internal, recorded_images
from wizard.oci.reference import Reference
from wizard.oci.retry import Retries
from wizard.oci.sites import Sites
from wizard.oci.store import Store
from wizard.oci.transport import Transport
from wizard.support.collect import Basket, Collector

SECONDS = 25.0
_TAGS = 60
_NAMES = ("gateway", "bridge", "ollama", "probe")


def registry_collector(
    answers: Answers, sites: Callable[[], Sites], recorded: Callable[[], Mapping[str, Any]]
) -> Collector:
    """Asks once, without patience: a registry that is down is a result."""

    def get(basket: Basket) -> None:
        host = answers.registry.host
        found: dict[str, Any] = {"host": host, "reachable": None, "images": {}, "models": {}}
        if not host:
            return
        try:
            with Transport(sites(), retries=Retries(tries=1), connect=5.0, stall=10.0) as transport:
                _look(answers, transport, dict(recorded()), found)
        except Problem as problem:
            found |= {"reachable": False, "problem": _plain(problem)}
        basket.put("registry/registry.json", json.dumps(found, ensure_ascii=False))

    return Collector("registry", get, seconds=SECONDS)


def _look(answers: Answers, transport: Transport, recorded: dict[str, Any], found: dict[str, Any]) -> None:
    images = recorded_images(recorded)
    for name in _NAMES:
        row = images.get(name) or {}
        target = str(row.get("target") or internal(answers, name))
        found["images"][name] = _one(transport, target, row, str(getattr(answers.images, name)), found)
        if found["reachable"] is False:
            return
    models = (recorded.get("carry-model") or {}).get("models") or {}
    for name, row in models.items():
        if isinstance(row, dict) and row.get("reference"):
            found["models"][name] = _one(transport, str(row["reference"]), row, "", found)


def _one(
    transport: Transport, target: str, row: Mapping[str, Any], source: str, found: dict[str, Any]
) -> dict[str, Any]:
    """One repository: what was recorded, what is there, what of it is missing, and which tags there are."""
    digest = str(row.get("digest") or "")
    out: dict[str, Any] = {"reference": target, "recorded": digest, "found": "", "missing": [], "tags": []}
    try:
        reference = Reference.parse(target)
        store = transport.repository(reference)
        tag = reference.tag or (Reference.parse(source).tag if source else "")
        there = store.resolve(digest or tag or "latest")
        found["reachable"] = True
        out["found"] = there.digest if there else ""
        out["tags"] = store.tags()[-_TAGS:]
        if there:
            out["missing"] = _missing(store, there.digest)
    except Problem as problem:
        out["problem"] = _plain(problem)
        if problem.evidence.get("status") is not None:
            found["reachable"] = True  # it answered, if only to refuse
        elif problem.code.startswith("registry-") and found["reachable"] is None:
            found |= {"reachable": False, "problem": _plain(problem)}
    return out


def _missing(store: Store, digest: str) -> list[str]:
    """What the manifest names and the registry lacks, as people read it."""
    try:
        top = store.manifest(digest)
    except Problem as problem:
        return [f"manifest {digest}: {problem.title}"]
    if not top.is_index:
        return [f"blob {blob.digest}" for blob in top.blobs if not store.has_blob(blob)]
    out = []
    for child in top.children:
        if store.resolve(child.digest) is None:
            out.append(f"manifest {child.digest} ({child.platform or 'no platform'})")
        else:
            out += _missing(store, child.digest)
    return out


def _plain(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail}
