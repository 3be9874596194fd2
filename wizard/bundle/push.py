"""Loading a bundle into a registry: first every blob, then the manifests, tags last; then all of it read back.

No manifest is put before every blob of the bundle is there, so a bundle that turns out to be damaged shows nothing
of itself to anybody. Blobs go in the order they lie in, which is what a slow medium likes, and those on volumes that
are at hand go first.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from wizard.bundle import problems
from wizard.bundle.archive.opening import Bundle
from wizard.bundle.archive.shape import Place
from wizard.bundle.archive.store import BundleStore, explained
from wizard.bundle.bom import Entry, Item
from wizard.engine.events import Move, Moved
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.oci import problems as oci_problems
from wizard.oci.copy import Copier, Job
from wizard.oci.descriptor import Descriptor
from wizard.oci.progress import Progress, Report, quiet
from wizard.oci.store import Store

OpenRepository = Callable[[str], Store]
"""A repository of the target registry by its name there ("opencost-ai/gateway")."""
_LOOK = 0.2  # seconds between two looks at the operator's stop


@dataclass(frozen=True, slots=True)
class Loaded:
    """One item in the registry, its digest read back."""

    item: Item
    target: str


@dataclass(slots=True)
class Pushed:
    """What a load did. `blobs` are the digests in each repository, for the receipt."""

    items: list[Loaded] = field(default_factory=list)
    blobs: dict[str, list[str]] = field(default_factory=dict)
    sent: int = 0
    present: int = 0


class Pusher:
    """Loads one bundle into one registry (`host` is how references name it)."""

    def __init__(
        self,
        bundle: Bundle,
        host: str,
        repository: OpenRepository,
        *,
        jobs: int = 4,
        report: Report = quiet,
        stop: Stop | None = None,
        rename: Callable[[Item], str] = lambda item: item.target,
    ) -> None:
        self._bundle, self._host = bundle, host
        self._items = tuple(replace(item, target=rename(item)) for item in bundle.bom.items)
        self._repository = repository
        self._jobs, self._report = max(1, jobs), report
        self._stop = stop or Stop()
        self._source = BundleStore(bundle)

    def repositories(self, entry: Entry) -> list[str]:
        """Where a blob has to be."""
        return sorted({self._items[place].repository for place in entry.of})

    def preview(self) -> tuple[int, int]:
        """Bytes that a push would send now, and bytes that are there. Nothing is written."""
        sent = present = 0
        for place in self._blobs():
            blob = _descriptor(place.entry)
            here = all(self._repository(name).has_blob(blob) for name in self.repositories(place.entry))
            sent, present = (sent, present + blob.size) if here else (sent + blob.size, present)
        return sent, present

    def complete(self) -> bool:
        """Whether every item is wholly there, under its tag. Nothing is written."""
        for item in self._items:
            found = self._copier(item).complete(self._repository(item.repository), _ref(item))
            if found is None or found.digest != item.digest:
                return False
        return True

    def push(self, lost: Callable[[], Sequence[str]] = tuple) -> Pushed:
        """Load. `lost` names the bundles of a delta's series that were never loaded here (for the message).

        Raises Problem `bundle-base-missing`, `bundle-blob-damaged`, `volume-damaged`, `volume-missing`, what the
        registry raises, and Stopped.
        """
        pushed = Pushed()
        self.require_base(lost)
        for moves, size in self._move_blobs():
            if Move.COPIED in moves:
                pushed.sent += size
            else:
                pushed.present += size
        self._put_manifests(pushed)
        self._read_back(pushed)
        for entry in (*self._bundle.bom.entries, *self._bundle.bom.absent):
            for name in self.repositories(entry):
                pushed.blobs.setdefault(name, []).append(entry.digest)
        return pushed

    # --- the base of a delta

    def require_base(self, lost: Callable[[], Sequence[str]] = tuple) -> None:
        """All that a delta leaves out is there. Raises Problem `bundle-base-missing`."""
        base = self._bundle.bom.base
        if base is None:
            return
        missing = [e.digest for e in self._bundle.bom.absent if not self._held(e)]
        if missing:
            raise problems.base_missing(self._bundle.name, base.last, missing, lost())

    def _held(self, entry: Entry) -> bool:
        """In a repository that needs it: from there it can be mounted into the others."""
        blob = _descriptor(entry)
        return any(self._repository(name).has_blob(blob) for name in self.repositories(entry))

    # --- blobs

    def _blobs(self) -> list[Place]:
        return [
            p for p in self._bundle.shape.places if p.entry.purpose not in ("layout", "index", "manifest")
        ]

    def _move_blobs(self) -> Iterator[tuple[list[Move], int]]:
        medium = self._bundle.medium
        places = self._blobs()
        first = [p for p in places if medium.here(p.header, p.stop)]
        later = [p for p in places if p not in first]
        for batch in (first, later):
            yield from self._batch(batch)
        for entry in self._bundle.bom.absent:
            yield self._spread(entry), 0

    def _batch(self, places: list[Place]) -> Iterator[tuple[list[Move], int]]:
        mine = _Abort()
        with ThreadPoolExecutor(self._jobs, "load") as pool:
            futures = {pool.submit(self._bring, place, mine): place for place in places}
            pending: set[Future[list[Move]]] = set(futures)
            try:
                while pending:
                    done, pending = wait(pending, _LOOK, FIRST_EXCEPTION)
                    self._stop.check()
                    if mine.cause is not None:
                        raise self._why(mine.cause)
                    for future in done:
                        yield future.result(), futures[future].entry.size
            finally:
                mine.set()
                for future in pending:
                    future.cancel()

    def _why(self, error: BaseException) -> BaseException:
        return explained(self._bundle, error) if isinstance(error, Problem) else error

    def _bring(self, place: Place, mine: "_Abort") -> list[Move]:
        mine.check()
        try:
            return self._load(place, mine)
        except BaseException as error:
            mine.because(error)
            raise

    def _load(self, place: Place, mine: Stop) -> list[Move]:
        entry, blob = place.entry, _descriptor(place.entry)
        names = self.repositories(entry)
        moves: list[Move] = []
        for name in names:
            progress = Progress(
                self._report,
                f"{self._title(entry)} {entry.digest}" + (f" in {name}" if moves else ""),
                total=entry.size,
                stop=mine,
                digest=entry.digest,
                source=self._source.name,
                target=f"{self._host}/{name}",
                group=self._title(entry),
                platform=entry.platform,
            )
            mount = names[0] if moves else ""
            moves.append(
                self._repository(name).put_blob(
                    blob, lambda offset: self._source.open_blob(blob, offset), progress, mount_from=mount
                )
            )
        return moves

    def _spread(self, entry: Entry) -> list[Move]:
        """A blob of the base, into every repository that now needs it."""
        blob = _descriptor(entry)
        names = self.repositories(entry)
        holders = [name for name in names if self._repository(name).has_blob(blob)]
        home = self._repository(holders[0])
        return [
            self._repository(name).put_blob(
                blob, lambda offset: home.open_blob(blob, offset), mount_from=holders[0]
            )
            for name in names
            if name not in holders
        ]

    def _title(self, entry: Entry) -> str:
        item = self._items[entry.of[0]] if entry.of else None
        return f"{self._host}/{item.target}" if item else entry.path

    # --- manifests

    def _put_manifests(self, pushed: Pushed) -> None:
        for item in self._ordered():
            self._stop.check()
            copier = self._copier(item)
            ref = _ref(item)
            target = f"{self._host}/{item.target}"
            title = f"{self._host}/{item.repository}@{item.digest}" if item.by_digest else target
            try:
                copier.copy(
                    Job(self._source, item.digest, self._repository(item.repository), ref, title, target)
                )
            except Problem as problem:
                raise explained(self._bundle, problem) from None
            pushed.items.append(Loaded(item, f"{self._host}/{item.repository}@{item.digest}"))

    def _ordered(self) -> list[Item]:
        """Subjects before what speaks of them."""
        return sorted(self._items, key=lambda item: item.kind == "companion")

    def _copier(self, item: Item) -> Copier:
        return Copier(jobs=self._jobs, platforms=item.platforms, report=self._whole(item), stop=self._stop)

    def _whole(self, item: Item) -> Report:
        """Of the copier's events only the one about the image as a whole: its blobs were told already."""

        def report(moved: Moved) -> None:
            if moved.total == 0 and not moved.item.endswith(moved.digest):
                self._report(moved)

        return report

    # --- the proof

    def _read_back(self, pushed: Pushed) -> None:
        for loaded in pushed.items:
            self._stop.check()
            item = loaded.item
            repository = self._repository(item.repository)
            found = self._copier(item).complete(repository, _ref(item))
            if found is None or found.digest != item.digest:
                raise oci_problems.digest_mismatch(
                    f"{loaded.target}, read back from the registry,",
                    item.digest,
                    found.digest if found else "nothing whole",
                )


class _Abort(Stop):
    """Ends all the others the moment one is wrong: nothing after it is used. `cause` is the first that was."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.cause: BaseException | None = None

    def because(self, error: BaseException) -> None:
        """This went wrong."""
        with self._lock:
            if self.cause is None and not self.asked:
                self.cause = error
        self.set()


def _ref(item: Item) -> str:
    return item.digest if item.by_digest else item.tag


def _descriptor(entry: Entry) -> Descriptor:
    return Descriptor(entry.media_type, entry.digest, entry.size)
