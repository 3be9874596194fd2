"""What a store has, model by model (S1.49 for the memory each wants); a broken one is a row that says so, and keeps no other from being listed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.engine.problems import Problem
from wizard.model.gguf import Gguf, read_gguf
from wizard.model.licence import known_licence
from wizard.model.memory import memory_floor
from wizard.model.names import ModelName
from wizard.model.store import describe, model_names, require_blobs


@dataclass(frozen=True, slots=True)
class Row:
    """One model. `state` is whole, or the code of what is wrong; `bytes` counts all blobs."""

    name: str
    state: str = "whole"
    detail: str = ""
    id: str = ""
    digest: str = ""
    bytes: int = 0
    licence: str = ""
    header: Gguf | None = None
    memory: int = 0

    def data(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = {
            "name": self.name,
            "state": self.state,
            "detail": self.detail,
            "id": self.id,
            "digest": self.digest,
            "bytes": self.bytes,
            "licence": self.licence,
        }
        if self.header is not None:
            found["architecture"] = self.header.architecture
            found["parameters"] = self.header.parameter_size
            found["quantisation"] = self.header.quantisation
            found["contextLength"] = self.header.context_length
            found["memoryFloorBytes"] = self.memory
        return found


def listing(store: Path) -> list[Row]:
    """All models of a store, sorted by name."""
    return [_row(store, name) for name in model_names(store)]


def _row(store: Path, name: ModelName) -> Row:
    try:
        model = describe(store, name)
    except Problem as problem:
        return Row(str(name), problem.code, problem.detail)
    manifest = model.manifest
    known = {
        "id": model.id,
        "digest": manifest.digest,
        "bytes": manifest.size,
        "licence": known_licence(name),
    }
    try:
        require_blobs(model)
        header = read_gguf(model.gguf)
    except Problem as problem:
        return Row(str(name), problem.code, problem.detail, **known)  # type: ignore[arg-type]
    memory = memory_floor(name, manifest.model.size, header).bytes
    return Row(str(name), header=header, memory=memory, **known)  # type: ignore[arg-type]
