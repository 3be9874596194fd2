"""An accepted bundle as an oci Store: what registries are filled from."""

from typing import NoReturn

from wizard.bundle import problems
from wizard.bundle.archive.opening import Bundle
from wizard.bundle.archive.reading import PlaceReader, damaged, small
from wizard.bundle.bom import Item
from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.oci import problems as oci_problems
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.digest import is_digest
from wizard.oci.manifest import LARGEST, Manifest, guess_media_type
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener


class BundleStore:
    """A read-only Store. References are an item's source, target or layout name, its tag, or a digest."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._missing = {entry.digest: entry for entry in bundle.bom.absent}

    @property
    def name(self) -> str:
        """bundle:FILE."""
        return f"bundle:{self.bundle.name}"

    def _item(self, ref: str) -> Item | None:
        bom = self.bundle.bom
        found = bom.find(ref)
        if found is None:
            tagged = {item.digest: item for item in bom.items if item.tag == ref}
            found = next(iter(tagged.values())) if len(tagged) == 1 else None
        return found

    def resolve(self, ref: str) -> Descriptor | None:
        """By reference or digest."""
        if is_digest(ref):
            entry = self.bundle.bom.by_digest.get(ref)
            if entry is None or entry.purpose != "manifest":
                return None
            return Descriptor(entry.media_type, entry.digest, entry.size)
        item = self._item(ref)
        return Descriptor(item.media_type, item.digest, item.size) if item is not None else None

    def manifest(self, ref: str) -> Manifest:
        """Verified against the bill of materials. Raises Problem `tag-not-found`, `bundle-blob-damaged`."""
        found = self.resolve(ref)
        if found is None:
            raise oci_problems.tag_not_found(self.name, ref, self.tags())
        place = self.bundle.shape.by_digest[found.digest]
        self.bundle.check_header(place)
        body = small(self.bundle, place, LARGEST)
        try:
            made = Manifest(body, found.media_type or guess_media_type(body), found.digest)
            made.check()
            return made
        except Malformed as error:
            raise oci_problems.manifest_invalid(self.name, ref, error) from None

    def has_blob(self, blob: Descriptor) -> bool:
        """True where it is in the archive."""
        return blob.digest in self.bundle.shape.by_digest

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """Open a blob after its header was looked at. Raises Problem `blob-not-found`, `bundle-base-missing`."""
        place = self.bundle.shape.by_digest.get(blob.digest)
        if place is None:
            raise self._base(blob.digest)
        self.bundle.check_header(place)
        return PlaceReader(self.bundle.medium, place, offset)

    def _base(self, digest: str) -> Problem:
        if digest in self._missing and self.bundle.bom.base is not None:
            return problems.base_missing(self.bundle.name, self.bundle.bom.base.last, (digest,), ())
        return oci_problems.blob_not_found(self.name, digest)

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """A signed bundle is never changed."""
        self._refuse()

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """A signed bundle is never changed."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("a bundle is read-only")

    def tags(self) -> list[str]:
        """The sources of its items."""
        return sorted(item.source for item in self.bundle.bom.items)

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Companions whose manifest names this subject."""
        found = []
        for item in self.bundle.bom.items:
            if item.kind != "companion" or item.subject != digest or not item.by_digest:
                continue
            manifest = self.manifest(item.digest)
            if manifest.subject is None or (artifact_type and manifest.artifact_type != artifact_type):
                continue
            described = Descriptor(
                manifest.media_type,
                manifest.digest,
                len(manifest.body),
                manifest.annotations,
                artifact_type=manifest.artifact_type,
            )
            found.append(described)
        return found


def explained(bundle: Bundle, problem: Problem) -> Problem:
    """A mover's `digest-mismatch` as the problem of this bundle, or of the volume that is damaged."""
    if problem.code != "digest-mismatch":
        return problem
    expected = str(problem.evidence.get("expected", ""))
    place = bundle.shape.by_digest.get(expected)
    if place is None:
        return problem
    try:
        return damaged(bundle, place, str(problem.evidence.get("got", "")))
    except Problem as blamed:
        return blamed
