"""How much memory a model wants: the floor that nodes are checked against (S1.49)."""

from dataclasses import dataclass

from wizard.model.gguf import Gguf
from wizard.model.names import ModelName

CONTEXT = 4096
"""Tokens: what Ollama gives a conversation unless told otherwise."""
_OVERHEAD = 512 << 20  # bytes: the runtime's own buffers
_STATED = {"8b": 7_000_000_000, "30b": 18_000_000_000}


@dataclass(frozen=True, slots=True)
class MemoryFloor:
    """`bytes` of RAM, or of VRAM on a GPU node; `why` says where the number comes from."""

    bytes: int
    why: str


def memory_floor(
    name: ModelName, weights: int, header: Gguf | None = None, context: int = CONTEXT
) -> MemoryFloor:
    """The floor for a model with `weights` bytes of weights.

    What the model's documents state wins. Otherwise it is an estimate: the weights, 16-bit keys and values for
    `context` tokens where the header gives their shape, and the runtime's own buffers.
    """
    if name.same(ModelName.parse(f"granite4.1:{name.tag}")) and name.tag.lower() in _STATED:
        return MemoryFloor(_STATED[name.tag.lower()], f"stated for {name}")
    return MemoryFloor(
        weights + _cache(header, context) + _OVERHEAD,
        f"estimated: weights, {context} tokens of context, 512 MiB for the runtime",
    )


def _cache(header: Gguf | None, context: int) -> int:
    if header is None:
        return 0
    heads = header.of_architecture("attention.head_count")
    if not heads:
        return 0
    width = (
        header.of_architecture("attention.key_length") or header.of_architecture("embedding_length") // heads
    )
    pairs = header.of_architecture("attention.head_count_kv") or heads
    return (
        header.of_architecture("block_count")
        * pairs
        * width
        * 2
        * 2
        * min(context, header.context_length or context)
    )
