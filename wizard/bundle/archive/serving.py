"""A bundle as the storage of the embedded registry: served where it lies, nothing unpacked (`registry serve --bundle`).

Repositories go by the items' targets, and by their public paths too, so that a node's mirror of ghcr.io finds what
it asks for. A blob is hashed once, before the first byte of it is served.
"""

import threading
from collections.abc import Iterator, Mapping

from wizard.bundle.archive.opening import Bundle
from wizard.bundle.archive.reading import verify_place
from wizard.bundle.archive.shape import Place
from wizard.bundle.archive.store import BundleStore
from wizard.bundle.bom import Item
from wizard.engine.problems import Problem
from wizard.oci.reference import Reference
from wizard.oci.server.names import Digest
from wizard.oci.server.storage import Damaged, Descriptor, Manifest, Slice


class PlaceBlob:
    """A blob inside the archive, or inside its volumes."""

    def __init__(self, bundle: Bundle, place: Place) -> None:
        self._bundle, self._place = bundle, place

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self._place.entry.size

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """Pieces of the open files."""
        if start < stop:
            yield from self._bundle.medium.slices(self._place.start + start, self._place.start + stop)

    def close(self) -> None:
        """The bundle stays open."""


class BundleStorage:
    """A read-only Storage over an accepted bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._store = BundleStore(bundle)
        self._tags: dict[str, dict[str, Item]] = {}
        self._items: dict[str, set[int]] = {}
        for number, item in enumerate(bundle.bom.items):
            for repository, tag in _names(item):
                self._items.setdefault(repository, set()).add(number)
                if tag:
                    self._tags.setdefault(repository, {}).setdefault(tag, item)
        self._lock = threading.Lock()
        self._verified: dict[str, threading.Event | Problem] = {}

    @property
    def summary(self) -> Mapping[str, list[str]]:
        """Tags by repository."""
        return {name: sorted(tags) for name, tags in sorted(self._tags.items())}

    def repositories(self) -> list[str]:
        """All repositories, sorted."""
        return sorted(self._items)

    def known(self, repository: str) -> bool:
        """True for one of them."""
        return repository in self._items

    def _has(self, repository: str, digest: str) -> Place | None:
        place = self._bundle.shape.by_digest.get(digest)
        if place is None or not self._items.get(repository, set()).intersection(place.entry.of):
            return None
        return place

    def blob(self, repository: str, digest: Digest) -> PlaceBlob | None:
        """Open a blob; the first time it is hashed. Raises Damaged."""
        place = self._has(repository, str(digest))
        if place is None:
            return None
        self._once(place)
        return PlaceBlob(self._bundle, place)

    def _once(self, place: Place) -> None:
        digest = place.entry.digest
        with self._lock:
            known = self._verified.get(digest)
            mine = threading.Event()
            if known is None:
                self._verified[digest] = mine
        if known is None:
            try:
                self._bundle.check_header(place)
                verify_place(self._bundle, place)
            except Problem as problem:
                self._verified[digest] = problem
                raise Damaged(f"{problem.title}; {problem.detail}") from None
            except BaseException:
                del self._verified[digest]
                raise
            finally:
                mine.set()
            return
        if isinstance(known, threading.Event):
            known.wait()
            known = self._verified.get(digest)
        if isinstance(known, Problem):
            raise Damaged(f"{known.title}; {known.detail}")

    def manifest(self, repository: str, digest: Digest) -> Manifest | None:
        """A manifest, verified. Raises Damaged."""
        place = self._has(repository, str(digest))
        if place is None or place.entry.purpose != "manifest":
            return None
        try:
            found = self._store.manifest(str(digest))
        except Problem as problem:
            raise Damaged(f"{problem.title}; {problem.detail}") from None
        return Manifest(digest, found.media_type, found.body)

    def resolve(self, repository: str, tag: str) -> Digest | None:
        """The manifest that a tag names."""
        item = self._tags.get(repository, {}).get(tag)
        return Digest.parse(item.digest) if item is not None else None

    def tags(self, repository: str) -> list[str]:
        """All tags in ASCII order."""
        return sorted(self._tags.get(repository, {}))

    def referrers(self, repository: str, subject: Digest) -> list[Descriptor]:
        """What refers to a subject, by digest."""
        found = self._store.referrers(str(subject)) if repository in self._items else []
        return [one.to_json() for one in sorted(found, key=lambda one: one.digest)]


def _names(item: Item) -> Iterator[tuple[str, str]]:
    """(repository, tag) pairs of an item; a companion that has no tag of its own goes by digest alone."""
    yield item.repository, "" if item.by_digest else item.tag
    if item.kind in ("image", "companion"):
        public = Reference.parse(item.source)
        yield public.repository, public.tag
