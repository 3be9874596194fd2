"""Copying images between stores: every byte hashed on its way, nothing sent twice, the tag last.

An image is walked first (walk.py), then its blobs move, then its manifests are put, children before parents, and
only then the tag.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.oci import problems
from wizard.oci.arrivals import Arrivals
from wizard.oci.budget import Budget
from wizard.oci.descriptor import Descriptor, Malformed, Platform
from wizard.oci.digest import is_digest
from wizard.oci.manifest import Manifest
from wizard.oci.progress import Report, quiet
from wizard.oci.store import Store
from wizard.oci.walk import DEEPEST, Tree, walk

_ABSENT = ("tag-not-found", "registry-not-found", "platform-not-found", "blob-not-found")


@dataclass(frozen=True, slots=True)
class Job:
    """One image to copy: from a tag or digest of one store to a tag or the digest of another ("" = by digest).

    `title` names it in events, `destination` is how people write where it goes.
    """

    source: Store
    ref: str
    target: Store
    target_ref: str
    title: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the root's digest (equal on both sides), and bytes moved and found there already."""

    job: Job
    digest: str
    media_type: str
    sent: int = 0
    present: int = 0
    blobs: int = 0
    changed: bool = True
    """False where the target was complete before: nothing was written at all."""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An image that is wholly there: its digest, its platforms, and the bytes of its blobs."""

    digest: str
    platforms: tuple[str, ...]
    size: int


class Copier:
    """Copies images with one budget over all of them: `jobs` large blobs at a time, and more of what is small.

    `platforms` limits indexes ("linux/arm64"; empty = all); `referrers` carries signatures and attestations along.
    """

    def __init__(
        self,
        *,
        jobs: int = 8,
        platforms: Sequence[str] = (),
        referrers: bool = False,
        report: Report = quiet,
        stop: Stop | None = None,
    ) -> None:
        self._platforms = chosen(platforms)
        self._referrers, self._report, self._stop = referrers, report, stop or Stop()
        self._jobs = max(1, jobs)

    def copy(self, job: Job) -> Copied:
        """Copy one image. Raises Problem, Stopped."""
        (found,) = self.copy_all([job])
        if isinstance(found, BaseException):
            raise found
        return found

    def copy_all(self, jobs: Iterable[Job]) -> list[Copied | Problem]:
        """Copy all of them; a Problem in an image's place does not stop the others. Raises Stopped."""
        arrivals = Arrivals(self._report, self._stop)
        return self._each(list(jobs), lambda budget, job: self._one(budget, arrivals, job, 0))

    def preview(self, jobs: Iterable[Job]) -> list[Copied | Problem]:
        """What `copy_all` would do now (`sent` = bytes it would send). Nothing is written."""
        return self._each(list(jobs), self._look)

    def complete(self, store: Store, ref: str) -> Found | None:
        """What `ref` names in `store`, if every manifest and blob under it is there. Fetches manifests alone."""
        root = store.resolve(ref)
        if root is None:
            return None
        with Budget(self._jobs) as budget:
            try:
                tree = walk(store, store.manifest(root.digest), self._platforms, budget.small)
            except Problem as problem:
                if problem.code in _ABSENT:
                    return None
                raise
            self._stop.check()
            blobs = [blob for blob, _ in tree.blobs.values()]
            if not all(budget.small.map(store.has_blob, blobs)):
                return None
        return Found(root.digest, tuple(tree.platforms), tree.size)

    def _each(self, jobs: list[Job], act: Callable[[Budget, Job], Copied]) -> list[Copied | Problem]:
        with (
            Budget(self._jobs) as budget,
            ThreadPoolExecutor(min(len(jobs), budget.most) or 1, "image") as images,
        ):
            futures = [images.submit(act, budget, job) for job in jobs]
            try:
                wait(futures)
            except BaseException:
                self._stop.set()
                raise
        return [_result(future) for future in futures]

    def _walked(self, budget: Budget, job: Job) -> tuple[Tree, Future[Descriptor | None] | None]:
        before = budget.small.submit(job.target.resolve, job.target_ref) if job.target_ref else None
        root = job.source.manifest(job.ref)
        if is_digest(job.target_ref) and job.target_ref != root.digest:
            raise problems.digest_mismatch(f"{job.source.name}:{job.ref}", job.target_ref, root.digest)
        return walk(job.source, root, self._platforms, budget.small), before

    def _look(self, budget: Budget, job: Job) -> Copied:
        tree, before = self._walked(budget, job)
        blobs = [blob for blob, _ in tree.blobs.values()]
        there = budget.small.map(job.target.has_blob, blobs)
        sent = sum(blob.size for blob, here in zip(blobs, there, strict=True) if not here)
        known = (before.result() if before else job.target.resolve(tree.root.digest)) if not sent else None
        same = known is not None and known.digest == tree.root.digest
        return _copied(job, tree, sent, changed=bool(sent) or not same)

    def _one(self, budget: Budget, arrivals: Arrivals, job: Job, depth: int) -> Copied:
        tree, before = self._walked(budget, job)
        moves = arrivals.start(budget, job, tree)
        there = before.result() if before else job.target.resolve(tree.root.digest)
        same = there is not None and there.digest == tree.root.digest
        missing = tree.children
        if same:
            known = budget.small.map(job.target.resolve, [m.digest for m in missing])
            missing = [m for m, found in zip(missing, known, strict=True) if found is None]
        sent = sum(blob.size for future, blob in moves if future.result() is Move.COPIED)
        changed = bool(missing) or not same
        if changed:
            self._put(budget, job, tree, {m.digest for m in missing})
        if self._referrers and depth < DEEPEST:
            from wizard.oci.referrers import companions, relist

            digests = [tree.root.digest, *(m.digest for m in tree.children)]
            found = companions(budget.small, job.source, digests)
            for ref in found:
                self._one(
                    budget, arrivals, Job(job.source, ref, job.target, ref, f"{job.title} + {ref}"), depth + 1
                )
            relist(found, job.source, job.target)
        done = _copied(job, tree, sent, changed=changed or bool(sent))
        # the image as a whole: its bytes are those of its blobs, told one by one
        end = Move.VERIFIED if done.changed else Move.PRESENT
        source = f"{job.source.name}:{job.ref}"
        self._report(
            Moved(
                item=job.title, move=end, digest=done.digest, source=source, target=job.title, group=job.title
            )
        )
        return done

    def _put(self, budget: Budget, job: Job, tree: Tree, missing: set[str]) -> None:
        for level in reversed(tree.levels[1:]):
            self._stop.check()
            wanted = [manifest for manifest in level if manifest.digest in missing]
            list(budget.small.map(job.target.put_manifest, wanted))
        self._stop.check()
        root, ref = tree.root, job.target_ref or tree.root.digest
        try:
            job.target.put_manifest(root, ref)
        except Problem as problem:
            if tree.left_out and root.is_index and problem.evidence.get("status") in (400, 404, 422):
                said = str(problem.evidence.get("said", problem.detail))
                raise problems.index_incomplete(job.target.name, ref, tree.left_out, said) from None
            raise


def _copied(job: Job, tree: Tree, sent: int, *, changed: bool) -> Copied:
    root: Manifest = tree.root
    platforms = tuple(dict.fromkeys(tree.platforms))
    return Copied(
        job, root.digest, root.media_type, sent, tree.size - sent, len(tree.blobs), changed, platforms
    )


def _result(future: Future[Copied]) -> Copied | Problem:
    error = future.exception()
    if isinstance(error, Problem):
        return error
    return future.result()


def chosen(platforms: Sequence[str]) -> tuple[Platform, ...]:
    """The platforms that are named; () where all are. Raises Problem `platform-invalid` (exit 2)."""
    try:
        return tuple(Platform.parse(text) for text in platforms if text != "all")
    except Malformed as error:
        raise problems.platform_invalid(str(error)) from None


def copy(source: Store, ref: str, target: Store, target_ref: str, **options: Any) -> Copied:
    """Copy one image; `options` are those of Copier. Raises Problem, Stopped."""
    return Copier(**options).copy(Job(source, ref, target, target_ref, f"{source.name}:{ref}"))
