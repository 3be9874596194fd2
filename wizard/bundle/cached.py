"""A source whose blobs are in the content cache: what it says comes from it, what it holds is read from the disk."""

from wizard.engine.events import Move
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import is_digest
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener, Store


class Cached:
    """A read-only Store. Tags and companions are the source's, so that a cache that has more changes nothing."""

    def __init__(self, source: Store, cache: Layout) -> None:
        self._source, self._cache = source, cache

    @property
    def name(self) -> str:
        """The source's."""
        return self._source.name

    def resolve(self, ref: str) -> Descriptor | None:
        """As the source has it."""
        return self._source.resolve(ref)

    def manifest(self, ref: str) -> Manifest:
        """By tag as the source has it; by digest from the cache where it is there."""
        if is_digest(ref) and self._cache.resolve(ref) is not None:
            return self._cache.manifest(ref)
        return self._source.manifest(ref)

    def has_blob(self, blob: Descriptor) -> bool:
        """In the cache, or at the source."""
        return self._cache.has_blob(blob) or self._source.has_blob(blob)

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """From the cache where it is there."""
        place = self._cache if self._cache.has_blob(blob) else self._source
        return place.open_blob(blob, offset)

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """It is read from alone."""
        raise TypeError("a cached source is read-only")

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """It is read from alone."""
        raise TypeError("a cached source is read-only")

    def tags(self) -> list[str]:
        """The source's."""
        return self._source.tags()

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """The source's."""
        return self._source.referrers(digest, artifact_type)
