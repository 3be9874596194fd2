"""Unfinished uploads, remembered across restarts: where the registry keeps what it already has of a blob."""

import contextlib
import json
import os
import threading
from pathlib import Path

_FORGET = 500  # entries kept: older ones have expired at any registry


class Uploads:
    """Upload locations by repository and digest, in a small JSON file (or only in memory where `path` is None).

    It is a hint, never believed: the registry is asked how much it has before anything is sent. Thread-safe.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError):
                data = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(data, dict):
                    self._known = {str(k): str(v) for k, v in data.items()}

    def get(self, repository: str, digest: str) -> str:
        """The location of an unfinished upload, or ""."""
        with self._lock:
            return self._known.get(f"{repository}@{digest}", "")

    def keep(self, repository: str, digest: str, location: str) -> None:
        """Remember it."""
        with self._lock:
            self._known[f"{repository}@{digest}"] = location
            while len(self._known) > _FORGET:
                del self._known[next(iter(self._known))]
            self._write()

    def drop(self, repository: str, digest: str) -> None:
        """It is finished, or gone."""
        with self._lock:
            if self._known.pop(f"{repository}@{digest}", None) is not None:
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        # a lost hint costs bytes, not correctness: a failure to write it must not fail the upload
        with contextlib.suppress(OSError):
            temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            temporary.write_text(json.dumps(self._known, indent=0), encoding="utf-8")
            temporary.replace(self._path)
