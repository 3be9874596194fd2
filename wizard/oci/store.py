"""The one shape that a registry repository, an image layout and a bundle have: copying knows nothing else."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from wizard.engine.events import Move
from wizard.oci.descriptor import Descriptor
from wizard.oci.manifest import Manifest
from wizard.oci.progress import Progress


class BlobReader(Protocol):
    """An open blob, from some offset on. A context manager; closing early is allowed."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as it goes; 0 at the end. Raises Problem where the source fails or is cut."""

    def close(self) -> None:
        """Give it up."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Opener = Callable[[int], BlobReader]
"""Opens the blob's bytes from an offset on; called again after a cut."""


class Store(Protocol):
    """Content by digest, and tags. Safe to use from several threads at once."""

    @property
    def name(self) -> str:
        """What people call it: "registry.example/some/repository", "layout:DIR"."""

    def resolve(self, ref: str) -> Descriptor | None:
        """The manifest behind a tag or digest, or None where there is none. Cheap: no body is fetched."""

    def manifest(self, ref: str) -> Manifest:
        """The manifest behind a tag or digest, its digest recomputed.

        Raises Problem `tag-not-found`, `digest-mismatch`, `manifest-invalid`, `manifest-too-large`.
        """

    def has_blob(self, blob: Descriptor) -> bool:
        """True where the blob is here."""

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """Open a blob's bytes. They are not verified: whoever moves them hashes them. Raises Problem `blob-not-found`."""

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """Bring a blob here, hashing every byte; nothing is visible before its digest is right.

        Returns PRESENT (was here), MOUNTED (taken from the repository `mount_from` of the same registry) or
        COPIED. Raises Problem `digest-mismatch`, `disk-full` and what the source raises.
        """

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """Store a manifest, under a tag where `ref` is one, else by digest. Everything it needs must be here."""

    def tags(self) -> list[str]:
        """All tags, sorted."""

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Manifests whose subject is `digest` (referrers API or the fallback tag)."""
