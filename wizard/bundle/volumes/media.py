"""Volumes where they are: in folders, on media that come and go. A bundle is read from them as from one file."""

import bisect
import contextlib
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wizard.bundle import problems
from wizard.bundle.volumes.index import Index, Volume
from wizard.engine.problems import Problem
from wizard.oci.digest import hasher
from wizard.oci.server.storage import Slice

Ask = Callable[[Volume, Callable[[], bool]], None]
"""Called where a volume is missing, with a question to repeat: is it here now? Returns when it is, or raises."""


class VolumesMedium:
    """The volumes of one index as one Medium. Files are looked for in `folders` each time they are needed."""

    def __init__(
        self, path: Path, index: Index, folders: Sequence[Path] = (), ask: Ask | None = None
    ) -> None:
        self._path, self.index = path, index
        self._folders = tuple(dict.fromkeys((path.parent, *folders)))
        self._ask = ask
        self._starts = [volume.start for volume in index.volumes]
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self._users: dict[str, int] = {}
        self._asking = threading.Lock()

    @property
    def name(self) -> str:
        """The index's path."""
        return str(self._path)

    @property
    def size(self) -> int:
        """Bytes of the whole bundle, as the index says."""
        return self.index.size

    def _at(self, offset: int) -> Volume:
        return self.index.volumes[max(0, bisect.bisect_right(self._starts, offset) - 1)]

    def find(self, volume: Volume) -> Path | None:
        """Its file, where it is now. Raises Problem `volume-damaged` for one of another size."""
        for folder in self._folders:
            path = folder / volume.name
            with contextlib.suppress(OSError):
                found = path.lstat()
                if not stat.S_ISREG(found.st_mode):
                    continue
                if found.st_size != volume.size:
                    raise problems.volume_damaged(
                        path, volume.name, f"{volume.size} bytes", f"{found.st_size} bytes"
                    )
                return path
        return None

    def missing(self) -> list[str]:
        """Names of the volumes that are not here now."""
        return [volume.name for volume in self.index.volumes if self.find(volume) is None]

    def here(self, start: int, stop: int) -> bool:
        """Whether every volume of the range is here now."""
        return all(self.find(volume) is not None for volume in self._covering(start, stop))

    def _covering(self, start: int, stop: int) -> Iterator[Volume]:
        at = start
        while at < stop:
            volume = self._at(at)
            yield volume
            at = volume.stop

    def _path_of(self, volume: Volume) -> Path:
        found = self.find(volume)
        if found is not None:
            return found
        others = [name for name in self.missing() if name != volume.name]
        problem = problems.volume_missing(
            volume.name, self.index.place(volume), others, map(str, self._folders)
        )
        if self._ask is None:
            raise problem
        with self._asking:  # one question at a time
            self._let_go()
            self._ask(volume, lambda: self.find(volume) is not None)
        found = self.find(volume)
        if found is None:
            raise problem
        return found

    def _let_go(self) -> None:
        """Close what nobody reads, so that its medium can be taken out."""
        with self._lock:
            for name in [name for name in self._open if not self._users.get(name)]:
                os.close(self._open.pop(name))

    @contextlib.contextmanager
    def _using(self, volume: Volume) -> Iterator[int]:
        while True:
            with self._lock:
                fd = self._open.get(volume.name)
                if fd is not None:
                    self._users[volume.name] = self._users.get(volume.name, 0) + 1
                    break
            path = self._path_of(volume)
            try:
                opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                continue  # taken out this very moment: asked for again
            except OSError as error:
                raise problems.not_found(path, str(error)) from None
            with self._lock:
                if volume.name in self._open:
                    os.close(opened)
                else:
                    self._open[volume.name] = opened
        try:
            yield fd
        finally:
            with self._lock:
                self._users[volume.name] -= 1

    def read_into(self, offset: int, view: memoryview) -> int:
        """One pread(2) in the volume that has the offset."""
        if offset >= self.size:
            return 0
        volume = self._at(offset)
        with self._using(volume) as fd:
            wanted = min(len(view), volume.stop - offset)
            return os.preadv(fd, [view[:wanted]], offset - volume.start)

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """A slice a volume; those volumes stay open from now on."""
        at = start
        while at < stop:
            volume = self._at(at)
            with self._using(volume) as fd, self._lock:
                self._users[volume.name] += 1
            end = min(stop, volume.stop)
            yield Slice(fd, at - volume.start, end - at)
            at = end

    def blame(self, start: int, stop: int) -> None:
        """Hash the volumes of a range that is wrong, and name the one to copy again."""
        for volume in self._covering(start, stop):
            got = self.digest(volume)
            if got != volume.digest:
                other = next((v for v in self.index.volumes if v.digest == got), None)
                really = f"volume {other.name} of the same bundle, under a wrong name" if other else ""
                raise problems.volume_damaged(self.find(volume), volume.name, volume.digest, got, really)

    def digest(self, volume: Volume) -> str:
        """What the volume's bytes hash to."""
        running = hasher(volume.digest, volume.size)
        try:
            at = volume.start
            while at < volume.stop:
                buffer = running.buffer()
                count = self.read_into(at, buffer[: min(len(buffer), volume.stop - at)])
                running.feed(buffer[:count])
                if not count:
                    break
                at += count
            return running.digest()
        finally:
            running.close()

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])


def waiting(say: Callable[[str], None], pause: Callable[[float], None], every: float = 1.0) -> Ask:
    """An Ask that tells what is missing and looks again every second; `pause` raises Stopped."""

    def ask(volume: Volume, here: Callable[[], bool]) -> None:
        say(f"insert the medium with {volume.name}; waiting for it (Ctrl-C stops, and what was loaded stays)")
        while True:
            try:
                if here():
                    return
            except Problem as problem:
                if problem.code != "volume-damaged":  # it may still be copied to where we look
                    raise
            pause(every)

    return ask
