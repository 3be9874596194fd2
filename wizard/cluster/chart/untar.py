"""A chart's .tgz, read in memory and never unpacked: whatever is not a plain file inside one folder is refused."""

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

from wizard.cluster.chart.bounds import MOST_TOTAL, Budget, unreadable


class _Bounded(io.RawIOBase):
    """The unpacked stream, cut off where a small file would unpack without end."""

    def __init__(self, inner: gzip.GzipFile) -> None:
        self._inner = inner
        self._left = MOST_TOTAL

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise OverflowError
        return data


def read_tgz(path: Path) -> dict[str, bytes]:
    """The files below the archive's one folder. Raises Problem `chart-not-readable` (exit 2), OSError."""
    with path.open("rb") as raw:
        return _read(path, raw)


def _read(path: Path, raw: BinaryIO) -> dict[str, bytes]:
    budget = Budget(path)
    files: dict[str, bytes] = {}
    top = ""
    try:
        with (
            gzip.GzipFile(fileobj=raw, mode="rb") as inner,
            tarfile.open(fileobj=_Bounded(inner), mode="r|", errorlevel=2) as tar,
        ):
            for member in tar:
                budget.files += member.isdir()  # empty folders count as files do
                parts = _parts(path, member.name)
                top = top or parts[0]
                if parts[0] != top:
                    raise unreadable(path, f"it has two folders at its top, {top} and {parts[0]}")
                if member.isdir():
                    continue
                if member.issym() or member.islnk():
                    raise unreadable(path, f"{member.name} is a link to {member.linkname}")
                if not member.isreg() or member.issparse():
                    raise unreadable(path, f"{member.name} is neither a plain file nor a folder")
                name = "/".join(parts[1:])
                if not name:
                    raise unreadable(path, f"{member.name} stands outside a folder")
                if name in files:
                    raise unreadable(path, f"{member.name} is in it twice")
                budget.take(member.name, member.size)
                body = tar.extractfile(member)
                data = body.read() if body is not None else b""
                if len(data) != member.size:
                    raise unreadable(path, f"{member.name} is cut short")
                files[name] = data
    except OverflowError:
        raise unreadable(path, f"it unpacks to more than {MOST_TOTAL} bytes") from None
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise unreadable(path, f"it is not a whole .tgz ({error or type(error).__name__})") from None
    if not files:
        raise unreadable(path, "it is empty")
    return files


def _parts(path: Path, name: str) -> list[str]:
    shown = ascii(name)[1:-1][:200]
    if name.startswith("/") or "\\" in name or ":" in name:
        raise unreadable(path, f"{shown} is not a relative path")
    if not name.isprintable() or any(0xD800 <= ord(c) < 0xE000 for c in name):
        raise unreadable(path, f"{shown} is not a printable name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise unreadable(path, f"{shown} leads out of the chart")
    return parts
