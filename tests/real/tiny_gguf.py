"""Write a tiny valid GGUF: llama architecture, one layer, random weights, a tokenizer of bytes.

It says nonsense, but Ollama's own `create`, `show` and `chat` take it as any model, in milliseconds.  The
same seed gives the same bytes.
"""

from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

_EMBEDDING = 64
_FEED_FORWARD = 128
_HEADS = 2
_CONTEXT = 2048
_WORDS = ("\u2581", "a", "e", "h", "l", "o", "t", "\u2581hello", "\u2581the")


def write_tiny_gguf(path: Path, seed: int = 0, name: str = "tiny") -> Path:
    """Write the model file (about 300 KB) and return its path."""
    tokens, scores, types = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_EMBEDDING)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_EMBEDDING // _HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    for tensor, values in _weights(seed, len(tokens)).items():
        writer.add_tensor(tensor, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[bytes], list[float], list[int]]:
    kind = gguf.TokenType
    tokens = [b"<unk>", b"<s>", b"</s>"]
    types = [kind.UNKNOWN, kind.CONTROL, kind.CONTROL]
    tokens += [f"<0x{byte:02X}>".encode() for byte in range(256)]  # what the tokenizer falls back to
    types += [kind.BYTE] * 256
    scores = [0.0] * len(tokens)
    for word in _WORDS:
        tokens.append(word.encode())
        scores.append(-float(len(tokens)))
        types.append(kind.NORMAL)
    return tokens, scores, [int(t) for t in types]


def _weights(seed: int, vocabulary: int) -> dict[str, NDArray[np.float32]]:
    source = np.random.default_rng(seed)

    def noise(*shape: int) -> NDArray[np.float32]:
        return (source.standard_normal(shape) * 0.05).astype(np.float32)

    ones = np.ones(_EMBEDDING, dtype=np.float32)
    return {
        "token_embd.weight": noise(vocabulary, _EMBEDDING),
        "output_norm.weight": ones,
        "output.weight": noise(vocabulary, _EMBEDDING),
        "blk.0.attn_norm.weight": ones,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.attn_q.weight": noise(_EMBEDDING, _EMBEDDING),
        "blk.0.attn_k.weight": noise(_EMBEDDING, _EMBEDDING),
        "blk.0.attn_v.weight": noise(_EMBEDDING, _EMBEDDING),
        "blk.0.attn_output.weight": noise(_EMBEDDING, _EMBEDDING),
        "blk.0.ffn_gate.weight": noise(_FEED_FORWARD, _EMBEDDING),
        "blk.0.ffn_up.weight": noise(_FEED_FORWARD, _EMBEDDING),
        "blk.0.ffn_down.weight": noise(_EMBEDDING, _FEED_FORWARD),
    }
