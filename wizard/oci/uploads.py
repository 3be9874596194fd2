"""Unfinished uploads, remembered across restarts: where the registry keeps what it already has of a blob."""

import contextlib
import hashlib
import os
import time
from pathlib import Path

_FORGET = 14 * 86400  # seconds: by then every registry has purged it
WORTH = 4 * 1024 * 1024
"""Bytes of the smallest blob that is worth remembering."""


class Uploads:
    """Upload locations by repository and digest: a small file each in a folder (`None` = nothing is remembered).

    They are hints, never believed: the registry is asked how much it has before anything is sent. Safe for
    several threads and processes. A location can carry a session's key, so the files are the owner's alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder is not None:
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for path in folder.iterdir():
                    if path.stat().st_mtime < time.time() - _FORGET:
                        path.unlink()

    def _path(self, repository: str, digest: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / hashlib.sha256(f"{repository}@{digest}".encode()).hexdigest()[:40]

    def get(self, repository: str, digest: str) -> str:
        """The location of an unfinished upload, or ""."""
        path = self._path(repository, digest)
        if path is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return path.read_text(encoding="utf-8")
        return ""

    def keep(self, repository: str, digest: str, location: str) -> None:
        """Remember it. A hint that cannot be written costs bytes one day, and must not fail the upload today."""
        path = self._path(repository, digest)
        if path is None:
            return
        with contextlib.suppress(OSError):
            temporary = path.with_name(f"{path.name}.{os.getpid()}")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(location)
            temporary.replace(path)

    def drop(self, repository: str, digest: str) -> None:
        """It is finished, or gone."""
        path = self._path(repository, digest)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()
