"""A reader of GGUF headers: what a file of weights is, without reading the weights.

Format: magic `GGUF`, version 1–3, counts of tensors and metadata, then the metadata (key, type, value), then one
record a tensor (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). The file may come from anywhere, so
every count and length is bounded before it is believed, and arrays (the vocabulary) are passed over.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import BinaryIO

from wizard.engine.problems import Problem, Remedy

MAGIC = b"GGUF"
_HEADER = 64 << 20  # bytes: four times the largest vocabulary seen
_KEPT = 64 << 10  # bytes: longer texts (chat templates) are passed over
_ENTRIES = 1 << 16
_TENSORS = 1 << 20
_DEPTH = 4
_STRING, _ARRAY = 8, 9
# struct codes of the scalar types by their number: u8 i8 u16 i16 u32 i32 f32 bool, u64 i64 f64
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
# what `general.file_type` stands for (llama.cpp's llama_ftype)
_QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Gguf:
    """What a header says. `size` is the file's, in bytes; `values` has every scalar and short text by its key."""

    version: int
    size: int
    tensors: int
    parameters: int
    values: Mapping[str, Value] = field(repr=False)

    def text(self, key: str) -> str:
        """A text value, or ""."""
        found = self.values.get(key)
        return found if isinstance(found, str) else ""

    def number(self, key: str) -> int:
        """A whole number, or 0."""
        found = self.values.get(key)
        return found if isinstance(found, int) and not isinstance(found, bool) else 0

    @property
    def architecture(self) -> str:
        """`llama`, `granite`, …"""
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """What its maker called it."""
        return self.text("general.name")

    @property
    def quantisation(self) -> str:
        """`Q4_K_M`, …; "unknown" where the file does not say."""
        found = self.values.get("general.file_type")
        return _QUANTISATIONS.get(found, "unknown") if isinstance(found, int) else "unknown"

    def of_architecture(self, key: str) -> int:
        """A number that belongs to the architecture, like `block_count`; 0 where it is not given."""
        return self.number(f"{self.architecture}.{key}")

    @property
    def context_length(self) -> int:
        """Tokens it was trained on; 0 where the file does not say."""
        return self.of_architecture("context_length")

    @property
    def parameter_size(self) -> str:
        """As Ollama shows it: `8.2B`, `137M`."""
        for unit, digits, letter in ((10**9, 1, "B"), (10**6, 2, "M"), (10**3, 0, "K")):
            if self.parameters >= unit:
                number = self.parameters / unit
                whole = number == int(number) or not digits
                return f"{number:.0f}{letter}" if whole else f"{number:.{digits}f}{letter}"
        return str(self.parameters)


class _Bad(Exception):
    """What is wrong with the header, as a phrase."""


def read_gguf(path: Path) -> Gguf:
    """Read the header. Raises Problem `model-not-gguf` that says what was found instead, `model-file-not-readable`."""
    try:
        size = path.stat().st_size
        with path.open("rb", buffering=1 << 20) as file:
            return _Reader(file, size).header()
    except _Bad as bad:
        raise Problem(
            "model-not-gguf",
            f"{path} is not a GGUF file that Ollama could load",
            detail=str(bad),
            remedies=(
                Remedy("Name the .gguf file itself, or convert the weights to GGUF on the connected side"),
            ),
            evidence={"path": str(path)},
            exit_code=2,
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> Problem:
    """A file of the model that cannot be opened or read."""
    return Problem(
        "model-file-not-readable",
        f"{path} cannot be read",
        detail=str(error),
        remedies=(Remedy("Check the name and the rights", f"ls -l {path}"),),
        evidence={"path": str(path)},
        exit_code=2,
    )


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left, self._size = file, min(size, _HEADER), size
        self._cut = size <= _HEADER
        self._order, self._length = "<", "Q"

    def _take(self, count: int) -> bytes:
        self._spend(count)
        data = self._file.read(count)
        if len(data) != count:
            raise _Bad("the file ends in the middle of its header")
        return data

    def _skip(self, count: int) -> None:
        self._spend(count)
        self._file.seek(count, 1)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _Bad(
                "the file ends in the middle of its header"
                if self._cut
                else f"its header is longer than {_HEADER >> 20} MiB"
            )

    def _one(self, code: str) -> int:
        return int(struct.unpack(self._order + code, self._take(struct.calcsize("<" + code)))[0])

    def _count(self, most: int, what: str) -> int:
        count = self._one(self._length)
        if count > most:
            raise _Bad(f"it claims {count} {what}, more than {most}")
        return count

    def header(self) -> Gguf:
        magic = self._take(4) if self._size >= 4 else b""
        if magic != MAGIC:
            raise _Bad(f"it begins with {magic!r}, not {MAGIC!r} ({_looks_like(magic)})")
        version = self._one("I")
        if version & 0xFFFF == 0:  # written by a big-endian machine
            self._order, version = ">", version >> 24
        if version not in (1, 2, 3):
            raise _Bad(f"its format version is {version}; 1 to 3 are known")
        self._length = "I" if version == 1 else "Q"
        tensors = self._count(_TENSORS, "tensors")
        entries = self._count(_ENTRIES, "metadata entries")
        values: dict[str, Value] = {}
        for _ in range(entries):
            key = self._text(1 << 16)
            value = self._value(self._one("I"))
            if value is not None:
                values[key] = value
        parameters = sum(self._tensor() for _ in range(tensors))
        if not isinstance(values.get("general.architecture"), str):
            raise _Bad("it names no general.architecture")
        return Gguf(version, self._size, tensors, parameters, values)

    def _text(self, most: int) -> str:
        return self._take(self._count(most, "bytes in a name")).decode("utf-8", "replace")

    def _value(self, kind: int) -> Value | None:
        if kind == _STRING:
            length = self._count(_HEADER, "bytes in a text")
            if length > _KEPT:
                self._skip(length)
                return None
            return self._take(length).decode("utf-8", "replace")
        if kind == _ARRAY:
            self._pass_over_array(1)
            return None
        code = _SCALARS.get(kind)
        if code is None:
            raise _Bad(f"a metadata value has the unknown type {kind}")
        found: Value = struct.unpack(self._order + code, self._take(struct.calcsize("<" + code)))[0]
        return found

    def _pass_over_array(self, depth: int) -> None:
        if depth > _DEPTH:
            raise _Bad(f"arrays are nested more than {_DEPTH} deep")
        kind, count = self._one("I"), self._count(_HEADER, "elements in an array")
        if code := _SCALARS.get(kind):
            self._skip(count * struct.calcsize("<" + code))
        elif kind == _STRING:
            for _ in range(count):
                self._skip(self._count(_HEADER, "bytes in a text"))
        elif kind == _ARRAY:
            for _ in range(count):
                self._pass_over_array(depth + 1)
        else:
            raise _Bad(f"an array has elements of the unknown type {kind}")

    def _tensor(self) -> int:
        """One tensor's record; how many parameters it holds."""
        self._skip(self._count(1 << 12, "bytes in a tensor's name"))
        dimensions = self._one("I")
        if dimensions > 8:
            raise _Bad(f"a tensor has {dimensions} dimensions")
        shape = [self._one(self._length) for _ in range(dimensions)]
        self._take(4)  # its type
        offset = self._one("Q")
        if offset > self._size:
            raise _Bad(
                f"a tensor lies at byte {offset}, after the file's end ({self._size}): it is cut short"
            )
        return prod(shape)


def _looks_like(magic: bytes) -> str:
    known = {
        b"": "an empty file",
        b"PK\x03\x04": "a ZIP or PyTorch file",
        b"lmgg": "an old GGML file",
        b"tjgg": "an old GGML file",
        b"vers": "a Git LFS pointer, not the file itself",
        b"<!DO": "a web page",
        b"<htm": "a web page",
        b"\x1f\x8b": "gzip",
        b"\x28\xb5\x2f\xfd": "zstd",
    }
    return (
        next(
            (what for start, what in known.items() if start and magic.startswith(start)),
            "" if magic else known[b""],
        )
        or "weights in another format"
    )
