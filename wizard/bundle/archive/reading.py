"""Content of a bundle: blobs as open readers, small ones as bytes, and the whole of it hashed."""

from types import TracebackType
from typing import Self

from wizard.bundle import problems
from wizard.bundle.archive.medium import Medium, read_exactly
from wizard.bundle.archive.opening import Bundle
from wizard.bundle.archive.shape import Place
from wizard.engine.problems import Problem
from wizard.oci.digest import digest_of, new_hash
from wizard.oci.progress import Progress

_READ = 256 * 1024  # bytes a read


class PlaceReader:
    """A BlobReader over an entry. It does not verify: whoever moves the bytes hashes them."""

    def __init__(self, medium: Medium, place: Place, offset: int = 0) -> None:
        self._medium = medium
        self._at, self._stop = place.start + offset, place.stop

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as one read goes; 0 at the end."""
        left = self._stop - self._at
        if left <= 0:
            return 0
        count = self._medium.read_into(self._at, view[: min(len(view), left)])
        self._at += count
        return count

    def close(self) -> None:
        """The file stays open for others."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def small(bundle: Bundle, place: Place, limit: int) -> bytes:
    """A small entry whole, verified. Raises Problem `bundle-blob-damaged`, `bundle-malformed` (too large)."""
    entry = place.entry
    if entry.size > limit:
        raise problems.malformed(bundle.name, f"{entry.path} has {entry.size} bytes, the most is {limit}")
    body = read_exactly(bundle.medium, place.start, entry.size)
    got = digest_of(body, entry.digest.partition(":")[0])
    if got != entry.digest:
        raise damaged(bundle, place, got)
    return body


def damaged(bundle: Bundle, place: Place, got: str) -> Problem:
    """The Problem for a blob with the wrong digest: of its volume where there are volumes, else of the bundle."""
    bundle.medium.blame(place.start, place.stop)
    return problems.blob_damaged(bundle.name, place.entry.path, place.entry.digest, got)


def verify_place(bundle: Bundle, place: Place, progress: Progress | None = None) -> None:
    """Hash one entry. Raises Problem `bundle-blob-damaged`, `volume-damaged`, Stopped."""
    progress = progress or Progress()
    algorithm, _, _ = place.entry.digest.partition(":")
    running, buffer = new_hash(algorithm), memoryview(bytearray(min(_READ, max(1, place.entry.size))))
    reader = PlaceReader(bundle.medium, place)
    # in one thread: the kernel reads ahead, and a second thread costs more in waking up than it saves
    while count := reader.readinto(buffer):
        running.update(buffer[:count])
        progress.advance(count)
    got = f"{algorithm}:{running.hexdigest()}"
    if got != place.entry.digest:
        raise damaged(bundle, place, got)


def verify_all(bundle: Bundle, progress: Progress | None = None) -> int:
    """Hash every entry, in order; the bytes hashed. The first that is wrong ends it."""
    for place in bundle.shape.places:
        bundle.check_header(place)
        verify_place(bundle, place, progress)
    return bundle.bom.payload
