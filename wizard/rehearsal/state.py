"""The state of a rehearsed world: one folder, one JSON file written atomically under a lock, so that a second run,
or a second process at the same time, sees what the first one left.
"""

import copy
import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wizard.engine.problems import Problem, Remedy

_FORMAT = 1


def folder(name: str, given: Path | None = None) -> Path:
    """`given`, or $AIRGAP_WIZARD_STATE, or airgap-wizard under $XDG_STATE_HOME; then rehearsal/NAME."""
    if given is not None:
        return given
    own = os.environ.get("AIRGAP_WIZARD_STATE", "")
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return (Path(own) if own else base / "airgap-wizard") / "rehearsal" / name


class State:
    """`with state.hold() as data:` gives the whole state for reading and changing; changes are kept at the end.

    Data is a JSON dict with the keys `serial`, `objects`, `inner`, `releases`. An exception keeps nothing.
    """

    def __init__(self, path: Path) -> None:
        # in a real cluster etcd holds the secrets; here it is this folder, which is nobody else's business
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
        self.path = path
        self._file = path / "world.json"
        self._lock = threading.RLock()
        self._depth = 0
        self._data: dict[str, Any] = {}
        self._text = ""
        self._stamp: tuple[int, int, int] | None = None

    @contextmanager
    def hold(self) -> Iterator[dict[str, Any]]:
        """The state, locked against other threads and processes; nested holds are one."""
        with self._lock:
            if self._depth:
                yield self._data
                return
            with (self.path / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._load()
                self._depth = 1
                try:
                    yield self._data
                    self._save()
                except BaseException:
                    self._stamp = None  # what is in memory may be half changed: read it again next time
                    raise
                finally:
                    self._depth = 0

    def _load(self) -> None:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            self._data, self._stamp, self._text = {"format": _FORMAT}, None, ""
            return
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if stamp == self._stamp:
            return
        try:
            text = self._file.read_text(encoding="utf-8")
            data = json.loads(text)
            if data.get("format") != _FORMAT:
                raise ValueError(f"format {data.get('format')}, expected {_FORMAT}")
        except (ValueError, AttributeError) as error:
            raise Problem(
                "rehearsal-state-unreadable",
                f"the rehearsed world's state cannot be read: {self._file}",
                detail=str(error),
                remedies=(Remedy("begin this rehearsal afresh", f"rm -r {self.path}"),),
            ) from None
        self._data, self._stamp, self._text = data, stamp, text

    def _save(self) -> None:
        text = json.dumps(self._data, separators=(",", ":"))
        if text == self._text:
            return
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=".world-")
        try:
            # no fsync: a rehearsal need not survive a power cut, and this is written at every API call
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(temporary, self._file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        stat = self._file.stat()
        self._stamp, self._text = (stat.st_mtime_ns, stat.st_size, stat.st_ino), text


def clone(obj: Any) -> Any:
    """A deep copy: what leaves the state is never the state."""
    return copy.deepcopy(obj)
