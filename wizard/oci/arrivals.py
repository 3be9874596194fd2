"""Blobs on their way: each once per repository, and once per registry where it can be mounted from there."""

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from wizard.engine.events import Move
from wizard.engine.stop import Stop
from wizard.oci.budget import Budget
from wizard.oci.descriptor import Descriptor
from wizard.oci.progress import Progress, Report
from wizard.oci.registry import Repository
from wizard.oci.walk import Tree

if TYPE_CHECKING:
    from wizard.oci.copy import Job


class Arrivals:
    """Knows what all jobs of one copy have sent, or are sending, where."""

    def __init__(self, report: Report, stop: Stop) -> None:
        self._report, self._stop = report, stop
        self._lock = threading.Lock()
        self._here: dict[tuple[str, str], Future[Move]] = {}
        self._first: dict[tuple[str, str], tuple[Future[Move], str]] = {}

    def start(self, budget: Budget, job: "Job", tree: Tree) -> list[tuple[Future[Move], Descriptor]]:
        """Begin to bring every blob of the tree to the job's target, the largest first."""
        moves = []
        for blob, platform in sorted(tree.blobs.values(), key=lambda one: -one[0].size):
            progress = Progress(
                self._report,
                f"{job.title} {blob.digest}",
                total=blob.size,
                stop=self._stop,
                digest=blob.digest,
                source=job.source.name,
                target=job.target.name,
                group=job.title,
                platform=platform,
            )
            progress.queued()
            moves.append((self._bring(budget, job, blob, progress), blob))
        return moves

    def _bring(self, budget: Budget, job: "Job", blob: Descriptor, progress: Progress) -> Future[Move]:
        with self._lock:
            key = (job.target.name, blob.digest)
            known = self._here.get(key)
            if known is not None and not (known.done() and known.exception() is not None):
                known.add_done_callback(lambda done: _shared(done, progress))
                return known
            mine: Future[Move] = Future()
            self._here[key] = mine
            target = job.target
            first, home = None, ""
            if isinstance(target, Repository):
                same = isinstance(job.source, Repository) and job.source.host == target.host
                home = job.source.repository if same and isinstance(job.source, Repository) else ""
                found = self._first.setdefault((target.host, blob.digest), (mine, target.repository))
                if not home and found[0] is not mine:
                    first, home = found

        def begin(done: Future[Move] | None = None) -> None:
            mount = home if done is None or done.exception() is None else ""
            budget.of(blob).submit(_move, mine, job, blob, progress, mount)

        if first is not None:
            first.add_done_callback(begin)  # then it can be mounted instead of sent
        else:
            begin()
        return mine


def _move(mine: Future[Move], job: "Job", blob: Descriptor, progress: Progress, mount_from: str) -> None:
    try:
        progress.stop.check()
        done = job.target.put_blob(
            blob, lambda offset: job.source.open_blob(blob, offset), progress, mount_from=mount_from
        )
    except BaseException as error:
        mine.set_exception(error)
    else:
        mine.set_result(done)


def _shared(done: Future[Move], progress: Progress) -> None:
    """Another image of the same copy brought it."""
    if done.exception() is None:
        progress.end(Move.PRESENT)
