"""Copying images between stores: every byte hashed on its way, nothing sent twice, the tag last.

The manifests of an image are walked first (an index inside an index included), then all its blobs move, then the
manifests are put, children before parents, and only then the tag.
"""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.oci import media, problems
from wizard.oci.descriptor import Descriptor, Malformed, Platform
from wizard.oci.manifest import Manifest
from wizard.oci.progress import Progress, Report, quiet
from wizard.oci.registry import Repository
from wizard.oci.store import Store

_DEEPEST = 8  # indexes inside indexes


@dataclass(frozen=True, slots=True)
class Job:
    """One image to copy: from a tag or digest of one store to a tag of another ("" = by digest only)."""

    source: Store
    ref: str
    target: Store
    target_ref: str
    title: str = ""


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


@dataclass(slots=True)
class _Tree:
    """An image as walked: manifests, children before parents, and its blobs with their platform."""

    manifests: list[Manifest] = field(default_factory=list)
    blobs: dict[str, tuple[Descriptor, str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)


class Copier:
    """Copies images with one budget: at most `jobs` requests at a time, over all images and blobs.

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
        self._platforms = tuple(Platform.parse(text) for text in platforms if text != "all")
        self._referrers, self._report, self._stop = referrers, report, stop or Stop()
        self._jobs = max(1, jobs)
        self._lock = threading.Lock()
        self._arriving: dict[tuple[str, str], Future[Move]] = {}
        self._homes: dict[tuple[str, str], str] = {}

    def copy(self, job: Job) -> Copied:
        """Copy one image. Raises Problem, Stopped."""
        (found,) = self.copy_all([job])
        if isinstance(found, BaseException):
            raise found
        return found

    def copy_all(self, jobs: Iterable[Job]) -> list[Copied | Problem]:
        """Copy all of them; a Problem in an image's place does not stop the others. Raises Stopped."""
        wanted = list(jobs)
        with (
            ThreadPoolExecutor(self._jobs, "blob") as budget,
            ThreadPoolExecutor(max(1, min(len(wanted), 2 * self._jobs)), "image") as images,
        ):
            futures = [images.submit(self._one, budget, job) for job in wanted]
            try:
                wait(futures)
            except BaseException:
                self._stop.set()
                raise
        results: list[Copied | Problem] = []
        for future in futures:
            error = future.exception()
            if error is None:
                results.append(future.result())
            elif isinstance(error, Problem):
                results.append(error)
            else:
                raise error
        return results

    def complete(self, store: Store, ref: str) -> Found | None:
        """What `ref` names in `store`, if every manifest and blob under it is there. Fetches manifests alone."""
        root = store.resolve(ref)
        if root is None:
            return None
        with ThreadPoolExecutor(self._jobs, "blob") as budget:
            try:
                tree = self._walk(budget, store, budget.submit(store.manifest, root.digest).result())
            except Problem as problem:
                if problem.code in ("tag-not-found", "registry-not-found", "platform-not-found"):
                    return None
                raise
            blobs = [blob for blob, _ in tree.blobs.values()]
            self._stop.check()
            if not all(budget.map(store.has_blob, blobs)):
                return None
        return Found(root.digest, tuple(tree.platforms), sum(blob.size for blob in blobs))

    def _one(self, budget: ThreadPoolExecutor, job: Job, depth: int = 0) -> Copied:
        title = job.title or f"{job.source.name}:{job.ref}"
        root = budget.submit(job.source.manifest, job.ref).result()
        tree = self._walk(budget, job.source, root)
        before = budget.submit(job.target.resolve, job.target_ref or root.digest)
        moves = self._blobs(budget, job, tree, title)
        sent = present = 0
        for future, blob in moves:
            if future.result() is Move.COPIED:
                sent += blob.size
            else:
                present += blob.size
        there = before.result()
        changed = self._manifests(budget, job, tree, root, there)
        if self._referrers and depth < _DEEPEST:
            self._follow(budget, job, tree, title, depth + 1)
        return Copied(
            job, root.digest, root.media_type, sent, present, len(tree.blobs), changed, tuple(tree.platforms)
        )

    # --- walking

    def _walk(self, budget: ThreadPoolExecutor, source: Store, root: Manifest) -> _Tree:
        tree = _Tree()
        self._visit(budget, source, root, "", tree, 0)
        return tree

    def _visit(
        self, budget: ThreadPoolExecutor, source: Store, at: Manifest, platform: str, tree: _Tree, depth: int
    ) -> None:
        if at.media_type in media.SCHEMA1:
            raise problems.schema1(source.name, at.digest, at.media_type)
        if at.media_type not in media.INDEXES | media.MANIFESTS:
            raise problems.media_type_unknown(source.name, at.digest, at.media_type)
        if depth > _DEEPEST:
            raise problems.manifest_invalid(source.name, at.digest, f"indexes lie more than {_DEEPEST} deep")
        if at.is_index:
            chosen = self._choose(source, at, tree)
            found = [(child, budget.submit(source.manifest, child.digest)) for child in chosen]
            for child, future in found:
                manifest = _as_listed(source, child, future.result())
                where = str(child.platform) if child.platform else platform
                if child.platform and child.platform.os != "unknown":
                    tree.platforms.append(where)
                self._visit(budget, source, manifest, where, tree, depth + 1)
        for blob in at.blobs:
            # foreign layers stay where they are: registries do not hold them
            if not (blob.urls and ("foreign" in blob.media_type or "nondistributable" in blob.media_type)):
                tree.blobs.setdefault(blob.digest, (blob, platform))
        if all(known.digest != at.digest for known in tree.manifests):
            tree.manifests.append(at)

    def _choose(self, source: Store, index: Manifest, tree: _Tree) -> list[Descriptor]:
        if not self._platforms:
            return list(index.children)
        real = [c for c in index.children if c.platform and c.platform.os != "unknown"]
        if not real:
            return list(index.children)
        missing = [p for p in self._platforms if not any(c.platform and c.platform.matches(p) for c in real)]
        if missing:
            has = [str(c.platform) for c in real]
            raise problems.platform_not_found(source.name, index.digest, map(str, missing), has)
        chosen = [c for c in real if any(c.platform and c.platform.matches(p) for p in self._platforms)]
        digests = {c.digest for c in chosen}
        # buildx puts attestations beside the image they speak of
        chosen += [c for c in index.children if c.annotations.get("vnd.docker.reference.digest") in digests]
        tree.left_out += [str(c.platform or c.digest) for c in index.children if c not in chosen]
        return chosen

    # --- moving

    def _blobs(
        self, budget: ThreadPoolExecutor, job: Job, tree: _Tree, title: str
    ) -> list[tuple[Future[Move], Descriptor]]:
        moves = []
        for blob, platform in tree.blobs.values():
            with self._lock:
                key = (job.target.name, blob.digest)
                future = self._arriving.get(key)
                if future is None or (future.done() and future.exception() is not None):
                    future = budget.submit(self._blob, job, blob, title, platform)
                    self._arriving[key] = future
            moves.append((future, blob))
        return moves

    def _blob(self, job: Job, blob: Descriptor, title: str, platform: str) -> Move:
        progress = Progress(
            self._report,
            f"{title} {blob.digest}",
            total=blob.size,
            stop=self._stop,
            digest=blob.digest,
            source=job.source.name,
            target=job.target.name,
            group=title,
            platform=platform,
        )
        self._stop.check()
        home = ""
        if isinstance(job.target, Repository):
            with self._lock:
                home = self._homes.get((job.target.host, blob.digest), "")
            if not home and isinstance(job.source, Repository) and job.source.host == job.target.host:
                home = job.source.repository
        moved = job.target.put_blob(
            blob, lambda offset: job.source.open_blob(blob, offset), progress, mount_from=home
        )
        if isinstance(job.target, Repository):
            with self._lock:
                self._homes[job.target.host, blob.digest] = job.target.repository
        return moved

    def _manifests(
        self, budget: ThreadPoolExecutor, job: Job, tree: _Tree, root: Manifest, there: Descriptor | None
    ) -> bool:
        changed = False
        for manifest in tree.manifests[:-1]:
            self._stop.check()
            known = budget.submit(job.target.resolve, manifest.digest).result()
            if known is None:
                budget.submit(job.target.put_manifest, manifest).result()
                changed = True
        if there is not None and there.digest == root.digest and not changed:
            return False
        self._stop.check()
        ref = job.target_ref or root.digest
        try:
            budget.submit(job.target.put_manifest, root, ref).result()
        except Problem as problem:
            if tree.left_out and root.is_index and problem.evidence.get("status") in (400, 404, 422):
                said = str(problem.evidence.get("said", problem.detail))
                raise problems.index_incomplete(job.target.name, ref, tree.left_out, said) from None
            raise
        now = budget.submit(job.target.resolve, ref).result()
        if now is None or now.digest != root.digest:
            got = now.digest if now else "nothing"
            raise problems.digest_mismatch(f"{job.target.name}:{ref}", root.digest, got)
        return True

    def _follow(self, budget: ThreadPoolExecutor, job: Job, tree: _Tree, title: str, depth: int) -> None:
        from wizard.oci.referrers import companions

        for ref, target_ref in companions(budget, job.source, [m.digest for m in tree.manifests]):
            self._one(budget, Job(job.source, ref, job.target, target_ref, f"{title} + {ref}"), depth)


def _as_listed(source: Store, child: Descriptor, found: Manifest) -> Manifest:
    if len(found.body) != child.size:
        raise problems.truncated(f"manifest {child.digest} of {source.name}", child.size, len(found.body))
    try:
        if child.media_type and child.media_type != found.media_type:
            found = Manifest(found.body, child.media_type, found.digest)
            found.check()
    except Malformed as error:
        raise problems.manifest_invalid(source.name, child.digest, error) from None
    return found


def copy(
    source: Store,
    ref: str,
    target: Store,
    target_ref: str,
    *,
    platforms: Sequence[str] = (),
    referrers: bool = False,
    jobs: int = 8,
    report: Report = quiet,
    stop: Stop | None = None,
) -> Copied:
    """Copy one image (see Copier). Raises Problem, Stopped."""
    copier = Copier(jobs=jobs, platforms=platforms, referrers=referrers, report=report, stop=stop)
    return copier.copy(Job(source, ref, target, target_ref))
