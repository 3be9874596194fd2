"""A model in an Ollama store, for rehearsals: a GGUF that parses, with template, parameters, system text and licence.

Its weights are pseudo-random bytes, the same for the same name and size. Source of the format: the GGUF
specification, version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wizard.model.names import ModelName
from wizard.rehearsal.images import noise

_ALIGN = 32
_LAYER = "application/vnd.ollama.image."
_TEMPLATE = (
    "{{- if .System }}<|start_of_role|>system<|end_of_role|>{{ .System }}<|end_of_text|>\n{{ end }}"
    "{{- if .Tools }}<|start_of_role|>available_tools<|end_of_role|>{{ .Tools }}<|end_of_text|>\n{{ end }}"
    "<|start_of_role|>user<|end_of_role|>{{ .Prompt }}<|end_of_text|>\n"
    "<|start_of_role|>assistant<|end_of_role|>{{ .Response }}"
)
_LICENCE = "Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n\n(These are rehearsed weights.)\n"


def make_model(store: Path, name: ModelName, size: int) -> None:
    """Write the model into an Ollama store; one that is there whole is left alone."""
    manifest = store / "manifests" / name.path
    if manifest.is_file():
        return
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    weights = _write(store, _gguf(name, size))
    texts = {
        "template": _TEMPLATE.encode(),
        "system": b"You answer questions about the costs of a Kubernetes cluster.",
        "params": json.dumps({"num_ctx": 4096, "stop": ["<|end_of_text|>"], "temperature": 0}).encode(),
        "license": _LICENCE.encode(),
    }
    layers = [_entry("model", *weights)]
    layers += [_entry(kind, *_write(store, iter((text,)))) for kind, text in texts.items()]
    config = {
        "model_format": "gguf",
        "model_family": "granite",
        "model_families": ["granite"],
        "model_type": "8.2B",
        "file_type": "Q4_K_M",
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    raw = json.dumps(config, separators=(",", ":")).encode()
    digest, count = _write(store, iter((raw,)))
    body = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": digest,
            "size": count,
        },
        "layers": layers,
    }
    manifest.parent.mkdir(parents=True, exist_ok=True)
    temporary = manifest.with_name(f".{manifest.name}.{os.getpid()}")
    temporary.write_text(json.dumps(body, separators=(",", ":")))
    temporary.replace(manifest)


def _entry(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": _LAYER + kind, "digest": digest, "size": size}


def _write(store: Path, pieces: Iterator[bytes]) -> tuple[str, int]:
    digest, count = hashlib.sha256(), 0
    temporary = store / "blobs" / f".{os.getpid()}.tmp"
    with temporary.open("wb") as out:
        for piece in pieces:
            digest.update(piece)
            count += out.write(piece)
    temporary.replace(store / "blobs" / f"sha256-{digest.hexdigest()}")
    return f"sha256:{digest.hexdigest()}", count


def _gguf(name: ModelName, size: int) -> Iterator[bytes]:
    """Header, one F32 tensor per block and noise for its values."""
    pairs: dict[str, Any] = {
        "general.architecture": "granite",
        "general.name": f"{name.model} {name.tag} (rehearsed)",
        "general.file_type": 15,
        "granite.context_length": 131072,
        "granite.block_count": 1,
        "granite.embedding_length": 256,
        "granite.attention.head_count": 4,
        "granite.attention.head_count_kv": 1,
    }
    width = 256
    rows = max(1, size // (4 * width))
    body = struct.pack("<IIQQ", 0x46554747, 3, 1, len(pairs))
    for key, value in pairs.items():
        body += _text(key)
        body += (
            struct.pack("<I", 8) + _text(value) if isinstance(value, str) else struct.pack("<II", 4, value)
        )
    body += _text("token_embd.weight") + struct.pack("<IQQIQ", 2, width, rows, 0, 0)
    yield body + b"\0" * (-len(body) % _ALIGN)
    yield from noise(f"weights of {name.full}", 4 * width * rows)


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw
