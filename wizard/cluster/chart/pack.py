"""A chart packed as a .tgz whose bytes follow from its files alone: no times, no owners, no compressor's choices."""

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from wizard.engine.folder import write_atomic

_STORED = 65_535  # the most that one stored deflate block holds
_HEADER = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255))  # no name, time 0, system unknown


def pack(files: Mapping[str, bytes], top: str) -> bytes:
    """The .tgz with everything below the folder `top`, in order of names, Chart.yaml first as Helm does."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files, key=lambda name: (name != "Chart.yaml", name)):
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size, info.mode, info.mtime = len(files[name]), 0o644, 0
            tar.addfile(info, io.BytesIO(files[name]))
    return _gzip(buffer.getvalue())


def write_tgz(path: Path, files: Mapping[str, bytes], top: str) -> None:
    """Write it atomically. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, pack(files, top), 0o644)


def _gzip(data: bytes) -> bytes:
    """Gzip without compression: two builds of zlib need not agree on how to compress the same bytes."""
    out = bytearray(_HEADER)
    for start in range(0, len(data), _STORED):
        block = data[start : start + _STORED]
        last = start + _STORED >= len(data)
        out += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return bytes(out + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
