"""One Helm at a time on a release, on this machine: a lock that the helm we start inherits.

When a run is killed, the helm it started goes on to its end. The lock lives as long as that helm, so the next run
waits for it and then sees what it left, instead of meeting a release that is "in progress".
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wizard.answers.sections.cluster import Cluster
from wizard.engine.folder import state_home
from wizard.engine.problems import Problem, Remedy
from wizard.engine.stop import Stop

_POLL = 0.25
_AT_WORK = b"working\n"


@dataclass(frozen=True, slots=True)
class Held:
    """Which release of which cluster: the lock's name. The cluster is told by how it is reached."""

    kubeconfig: str
    context: str
    namespace: str
    release: str

    @classmethod
    def of(cls, cluster: Cluster) -> "Held":
        """From the answers."""
        return cls(str(cluster.kubeconfig or ""), cluster.context, cluster.namespace, cluster.release)

    @property
    def lock(self) -> Path:
        """The file that is locked."""
        site = hashlib.sha256(f"{self.kubeconfig}\0{self.context}".encode()).hexdigest()[:12]
        return state_home() / "helm" / f"{site}.{self.namespace}.{self.release}.lock"


@contextmanager
def working(held: Held, stop: Stop, seconds: float) -> Iterator[int]:
    """Hold the lock; gives its descriptor, to be inherited. Raises Problem `release-busy`, Stopped.

    The file holds `working` until we are through: what is left when a helm of ours was killed with us says
    that the operation that the release still shows as pending was ours, and is over.
    """
    path = held.lock
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        left = seconds
        while not _try(handle):
            if left <= 0:
                raise Problem(
                    "release-busy",
                    f"another helm works on release {held.release} in namespace {held.namespace} on this machine",
                    detail=f"waited {seconds:.0f} s for it to end; it holds {path}",
                    remedies=(
                        Remedy("see which process it is, and wait for it or end it", f"fuser -v {path}"),
                    ),
                )
            stop.wait(_POLL)
            left -= _POLL
        os.pwrite(handle, _AT_WORK, 0)
        yield handle
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def ours(held: Held) -> bool:
    """Whether the last helm on this release from this machine was ended in mid-work."""
    try:
        return held.lock.read_bytes() == _AT_WORK
    except OSError:
        return False


def forget(held: Held) -> None:
    """Take the mark of `ours` away: the operation it spoke of is seen to be over."""
    if ours(held) and idle(held):
        with contextlib.suppress(OSError):
            os.truncate(held.lock, 0)


def idle(held: Held) -> bool:
    """Whether no helm of ours is at work on the release on this machine."""
    try:
        handle = os.open(held.lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        return _try(handle)
    finally:
        os.close(handle)


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
