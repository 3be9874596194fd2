"""A store as Ollama leaves it, made by the test: real layout, real digests, a tiny GGUF of random bytes."""

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.model import manifest as m
from wizard.model.names import ModelName

TEMPLATE = '{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }} "quoted"'
SYSTEM = "You answer questions about cost.\n"
PARAMS = {"temperature": 0.7, "num_ctx": 4096, "stop": ["<|end|>", " a b"]}
LICENCE = "Apache License\nVersion 2.0\n"
CONFIG = {"model_format": "gguf", "model_family": "llama", "model_type": "8.2B", "file_type": "Q4_K_M"}


def tiny_gguf(seed: int = 0, padding: int = 4096) -> bytes:
    """A whole GGUF header with one tensor, and `padding` bytes after it."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    entries = {"general.architecture": "llama", "general.name": f"tiny {seed}"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(entries) + 1)
    for key, value in entries.items():
        head += text(key) + struct.pack("<I", 8) + text(value)
    head += text("llama.context_length") + struct.pack("<II", 4, 2048)
    head += text("w") + struct.pack("<IQQIQ", 2, 8, 4, 0, 0)
    body = hashlib.shake_128(seed.to_bytes(4, "big")).digest(padding)
    return head + body


@dataclass
class FakeStore:
    """A models folder that tests fill."""

    root: Path

    def blob(self, data: bytes, media_type: str = "") -> dict[str, Any]:
        """Write a blob; its descriptor as it stands in a manifest."""
        digest = hashlib.sha256(data).hexdigest()
        (self.root / "blobs").mkdir(parents=True, exist_ok=True)
        (self.root / "blobs" / f"sha256-{digest}").write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def manifest(self, name: str, raw: bytes) -> Path:
        """Write a manifest."""
        path = self.root / "manifests" / ModelName.parse(name).path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        return path

    def model(
        self,
        name: str = "granite4.1:8b",
        *,
        gguf: bytes | None = None,
        layers: Sequence[tuple[str, bytes]] | None = None,
        config: dict[str, Any] | None = None,
        pretty: bool = False,
        origin: str = "",
    ) -> ModelName:
        """A model with template, system, params and licence, as `ollama create` makes it."""
        small = [
            (m.TEMPLATE, TEMPLATE.encode()),
            (m.SYSTEM, SYSTEM.encode()),
            (m.PARAMS, json.dumps(PARAMS).encode() + b"\n"),
            (m.LICENSE, LICENCE.encode()),
        ]
        found = [self.blob(tiny_gguf() if gguf is None else gguf, m.MODEL)]
        if origin:
            found[0]["from"] = origin
        found += [self.blob(data, kind) for kind, data in (small if layers is None else layers)]
        document = {
            "schemaVersion": 2,
            "mediaType": m.MANIFEST_TYPE,
            "config": self.blob(json.dumps(CONFIG if config is None else config).encode(), m.CONFIG_TYPE),
            "layers": found,
        }
        raw = json.dumps(document, indent=3) if pretty else json.dumps(document, separators=(",", ":")) + "\n"
        self.manifest(name, raw.encode())
        return ModelName.parse(name)

    def files(self) -> dict[str, bytes]:
        """Every file of the store by its path: what "byte-identical" means."""
        return {str(p.relative_to(self.root)): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}
