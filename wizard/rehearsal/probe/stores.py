"""`probe load` and `probe store`: real bytes from the loopback registry into the folder behind a simulated volume.

The steps are those of the probe's own program (assets/probe): blobs first, each verified on the volume before it has
its name, an earlier part gone on with, the manifest last.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from wizard.engine.problems import Problem
from wizard.model.artefact import ORIGINAL
from wizard.model.manifest import Layer, OllamaManifest, parse_manifest
from wizard.model.names import ModelName
from wizard.oci.descriptor import Descriptor
from wizard.oci.files import write_atomic
from wizard.oci.store import Store
from wizard.rehearsal.apps.base import Cell, cell_of
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.pulling import auth_for
from wizard.rehearsal.net.reach import connect
from wizard.rehearsal.probe.words import Coded, Usage, Words

_CHUNK = 1 << 17
_TELL = 4 << 20
Say = Callable[[str], None]


@dataclass(slots=True)
class _Load:
    """What a load needs once it no longer looks at the cluster."""

    store: Path
    holds: int
    source: Store
    digest: str
    alive: Callable[[], bool]
    say: Say

    def tell(self, blob: Layer, move: str, done: int) -> None:
        self.say(json.dumps({"item": blob.digest, "move": move, "done": done, "total": blob.size}))


def on_store(api: Api, uid: str, container: str, words: Words, say: Say, alive: Callable[[], bool]) -> int:
    """`load` and `store`. Raises Coded where the probe could not look."""
    folder = words.options.get("store", "")
    if not folder:
        raise Usage("--store is needed")
    with api.open() as objects:
        cell = cell_of(api.site, objects, uid, container)
        if cell is None:
            return 137  # killed: the pod was deleted under it
        path, holds = cell.files.folder(folder)
        if words.verb == "load":
            if path is None or not cell.files.writable(folder):
                raise Coded("volume-not-writable", f"mkdir {folder}: read-only file system")
            load = _Load(path, holds, *_source(cell, words), alive, say)
    if words.verb == "store":
        for seen in _examine_all(path, "verify" in words.options):
            say(json.dumps(seen))
        return 0
    try:
        return _load(load, words)
    except Problem as problem:
        codes = {"digest-mismatch": "digest-mismatch", "tag-not-found": "registry-not-found"}
        raise Coded(codes.get(problem.code, problem.code), str(problem)) from None


def _source(cell: Cell, words: Words) -> tuple[Store, str]:
    name, at, digest = words.options.get("reference", "").partition("@")
    host = name.partition("/")[0]
    if not at or "/" not in name or not digest.startswith("sha256:"):
        raise Usage("--reference is HOST/REPOSITORY@sha256:…")
    plain = "plain-http" in words.options
    port = int(host.rpartition(":")[2]) if ":" in host else 80 if plain else 443
    found = connect(cell.site, cell.objects, cell.pod, host.partition(":")[0], port)
    if found.outcome != "reached":
        raise Coded(f"registry-{found.outcome}", found.detail)
    credentials = None
    if auth := words.options.get("auth"):
        raw = cell.files.read(auth)
        if raw is None:
            raise Coded("credentials-missing", f"open {auth}: no such file or directory")
        try:
            credentials = auth_for(json.loads(raw), host)
        except (ValueError, AttributeError):
            raise Coded("credentials-not-valid", f"{auth} is no docker config.json") from None
    if (ca := words.options.get("ca")) and cell.files.read(ca) is None:
        raise Coded("ca-not-valid", f"open {ca}: no such file or directory")
    return cell.site.registries.repository(name, credentials), digest


def _load(load: _Load, words: Words) -> int:
    raw, manifest = _original(load)
    name = ModelName.parse(words.options.get("model", ""))
    moved = sum(_fetch(load, blob) for blob in manifest.blobs)
    path = load.store / "manifests" / name.path
    outcome = "already"
    if not path.is_file() or path.read_bytes() != raw:
        outcome = "loaded"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, raw)
    done = {"outcome": outcome, "model": words.options["model"], "digest": load.digest, "bytes": moved}
    load.say(json.dumps(done))
    return 0


def _original(load: _Load) -> tuple[bytes, OllamaManifest]:
    layers = load.source.manifest(load.digest).layers
    found = next((layer for layer in layers if layer.media_type == ORIGINAL), None)
    if found is None:
        raise Coded("artefact-without-manifest", f"the artefact has no layer of type {ORIGINAL}")
    raw = b"".join(_read(load.source, found, 0))
    if "sha256:" + hashlib.sha256(raw).hexdigest() != found.digest:
        raise Coded("digest-mismatch", f"{found.digest} came as something else")
    return raw, parse_manifest(raw, load.source.name)


def _read(source: Store, blob: Descriptor, offset: int) -> Iterator[bytes]:
    buffer = memoryview(bytearray(_CHUNK))
    with source.open_blob(blob, offset) as reader:
        while count := reader.readinto(buffer):
            yield bytes(buffer[:count])


def _fetch(load: _Load, blob: Layer) -> int:
    final = load.store / "blobs" / blob.digest.replace(":", "-")
    if final.is_file() and final.stat().st_size == blob.size and _digest(final) == blob.digest:
        load.tell(blob, "present", blob.size)
        return 0
    final.parent.mkdir(parents=True, exist_ok=True)
    partial = final.with_name(final.name + "-airgap-partial")
    moved = _pour(load, blob, partial)
    partial.replace(final)
    if _digest(final) != blob.digest:
        final.unlink()
        raise Coded("digest-mismatch", f"{blob.digest} came as something else")
    load.tell(blob, "verified", blob.size)
    return moved


def _pour(load: _Load, blob: Layer, partial: Path) -> int:
    have = partial.stat().st_size if partial.is_file() else 0
    if have >= blob.size:
        have = 0
    taken = sum(p.stat().st_size for p in load.store.rglob("*") if p.is_file())
    if taken - have + blob.size > load.holds:
        raise Coded("volume-full", f"no room in {load.store.name}: the volume holds {load.holds} bytes")
    moved, told = 0, 0
    with partial.open("r+b" if have else "wb") as out:
        out.seek(have)
        for piece in _read(load.source, Descriptor(blob.media_type, blob.digest, blob.size), have):
            if not load.alive():
                raise Coded("probe-stopped", "asked to stop")
            out.write(piece)
            moved += len(piece)
            if moved - told >= _TELL:
                told = moved
                load.tell(blob, "active", have + moved)
    return moved


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _examine_all(store: Path | None, verify: bool) -> Iterator[dict[str, Any]]:
    root = store / "manifests" if store else None
    if root is None or store is None or not root.is_dir():
        return
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
        found = ModelName.from_path(PurePosixPath(path.relative_to(root)))
        name = str(found) if found else str(path.relative_to(root))
        yield _examine(store, path, name, verify)


def _examine(store: Path, path: Path, name: str, verify: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {"model": name, "outcome": "whole", "layers": [], "detail": ""}
    raw = path.read_bytes()
    try:
        manifest = parse_manifest(raw, name)
    except Problem:
        return seen | {"outcome": "damaged", "detail": "its manifest cannot be read"}
    seen["manifest"] = "sha256:" + hashlib.sha256(raw).hexdigest()
    seen["layers"] = [
        {"mediaType": b.media_type, "digest": b.digest, "size": b.size} for b in manifest.layers
    ]
    for blob in manifest.blobs:
        file = store / "blobs" / blob.digest.replace(":", "-")
        if not file.is_file():
            return seen | {"outcome": "missing", "detail": f"{blob.digest} is not there"}
        if file.stat().st_size != blob.size:
            return seen | {"outcome": "damaged", "detail": f"{blob.digest} has the wrong size"}
        if verify and (got := _digest(file)) != blob.digest:
            return seen | {"outcome": "damaged", "detail": f"{blob.digest} reads back as {got}"}
    return seen
