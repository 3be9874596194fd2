"""Ollama: lists the models of the store on its volume, and answers with one that is whole there."""

import json
from pathlib import Path
from typing import Any

from wizard.rehearsal.apps.base import Cell, Request, Response, Started


class Ollama:
    """Listens on 11434."""

    def start(self, cell: Cell) -> Started:
        """Its store is under OLLAMA_MODELS or HOME; a place that it cannot write to ends it."""
        home = store_path(cell)
        component = cell.site.described.components.ollama
        if component.crash:
            return Started((f"Listening on [::]:11434 (store {home})",), component.crash, component.exit)
        if not cell.files.writable(home):
            return Started((), f"Error: mkdir {home}: read-only file system", 1)
        names = ", ".join(m["name"] for m in models(cell)) or "none"
        return Started(("Listening on [::]:11434 (version 0.30.8)", f"models: {names}"), ports=(11434,))

    def ready(self, cell: Cell) -> bool:
        """`GET /` answers as soon as it listens, with or without a model."""
        return not cell.site.described.components.ollama.never_ready

    def handle(self, cell: Cell, request: Request) -> Response:
        """`/`, `/api/version`, `/api/tags`, `/api/chat`."""
        match request.path:
            case "/":
                return Response(200, "Ollama is running")
            case "/api/version":
                return Response(200, {"version": "0.30.8"})
            case "/api/tags":
                return Response(200, {"models": models(cell)})
            case "/api/chat":
                return _chat(cell, request)
        return Response(404, {"error": "not found"})


def store_path(cell: Cell) -> str:
    """The models folder, as the container sees it."""
    env = cell.env
    return env.get("OLLAMA_MODELS") or f"{env.get('HOME', '/root')}/.ollama/models"


def models(cell: Cell) -> list[dict[str, Any]]:
    """The models whose manifest is in the store, with their digests and sizes."""
    folder, _ = cell.files.folder(store_path(cell))
    if folder is None:
        return []
    found = []
    base = folder / "manifests"
    for path in sorted(p for p in base.rglob("*") if p.is_file()):
        manifest = _manifest(path)
        if manifest:
            parts = path.relative_to(base).parts
            short = "/".join(parts[2:-1] if parts[:2] == ("registry.ollama.ai", "library") else parts[:-1])
            size = sum(int(layer.get("size", 0)) for layer in manifest["layers"])
            found.append({"name": f"{short}:{parts[-1]}", "model": f"{short}:{parts[-1]}", "size": size})
    return found


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("layers"), list) else None


def _chat(cell: Cell, request: Request) -> Response:
    wanted = str(request.body.get("model", ""))
    full = wanted if ":" in wanted else f"{wanted}:latest"
    if full not in [m["name"] for m in models(cell)]:
        return Response(404, {"error": f'model "{wanted}" not found, try pulling it first'})
    folder, _ = cell.files.folder(store_path(cell))
    layers = _layers(folder, full) if folder else []
    if folder is None or any(not _whole(folder, layer) for layer in layers):
        return Response(500, {"error": f"unable to load model: blob of {full} is missing or damaged"})
    if request.body.get("tools") and not any(layer["mediaType"].endswith(".template") for layer in layers):
        return Response(400, {"error": f"{full} does not support tools"})
    return Response(200, {"model": full, "done": True})


def _layers(folder: Path, name: str) -> list[dict[str, Any]]:
    short, _, tag = name.rpartition(":")
    inside = short if short.count("/") == 2 else f"registry.ollama.ai/library/{short}"
    manifest = _manifest(folder / "manifests" / inside / tag)
    return list(manifest["layers"]) if manifest else []


def _whole(folder: Path, layer: dict[str, Any]) -> bool:
    path = folder / "blobs" / str(layer["digest"]).replace(":", "-")
    return path.is_file() and path.stat().st_size == layer["size"]
