"""What the registry needs from a storage: small enough that a bundle on a USB stick can be one.

`Storage` is all that pull and discovery need; `WritableStorage` adds push and delete. Names, tags and digests
were checked by the caller (`names`); None means "not in this repository". Methods are called from many threads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wizard.oci.server.names import Digest

Descriptor = Mapping[str, Any]
"""An OCI descriptor as JSON."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`length` bytes at `offset` of an open file, in the form sendfile(2) wants them."""

    fd: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest byte for byte, with the media type it was pushed with."""

    digest: Digest
    media_type: str
    body: bytes


class BlobReader(Protocol):
    """An open blob. It stays readable while a delete or another push happens; close it."""

    @property
    def size(self) -> int:
        """Bytes of the whole blob."""

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """The pieces that make up bytes [start, stop), in order; more than one where a blob spans volumes."""

    def close(self) -> None:
        """Let go of the files."""


class Storage(Protocol):
    """A place to read repositories from."""

    def repositories(self) -> list[str]:
        """All repositories, sorted."""

    def known(self, repository: str) -> bool:
        """True where something was ever pushed to the repository."""

    def blob(self, repository: str, digest: Digest) -> BlobReader | None:
        """Open a blob of this repository."""

    def manifest(self, repository: str, digest: Digest) -> Manifest | None:
        """A manifest of this repository. Raises Damaged where the bytes do not hash to the digest."""

    def resolve(self, repository: str, tag: str) -> Digest | None:
        """The manifest that a tag names."""

    def tags(self, repository: str) -> list[str]:
        """All tags in ASCII order."""

    def referrers(self, repository: str, subject: Digest) -> list[Descriptor]:
        """Descriptors of the manifests whose `subject` is this digest, in a stable order."""


class Source(Protocol):
    """Bytes on their way in."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill (part of) the buffer; 0 = the end. Raises OSError where the sender goes away."""


class Upload(Protocol):
    """An upload session; it outlives the process."""

    @property
    def id(self) -> str:
        """The session's UUID."""

    @property
    def size(self) -> int:
        """Bytes received so far."""

    def append(self, source: Source, at: int) -> int:
        """Add what the source has, from offset `at` on; returns the new size. What arrived before a cut stays.

        Raises OutOfOrder where `at` is not the session's size (or no longer is).
        """

    def finish(self, digest: Digest) -> None:
        """Make it a blob of the repository, durable before this returns. Raises WrongDigest (the session ends)."""

    def cancel(self) -> None:
        """Forget the session and its bytes."""


class WritableStorage(Storage, Protocol):
    """A place that also accepts pushes and deletes."""

    def begin(self, repository: str, algorithm: str) -> Upload:
        """A new upload session. Raises TooMany."""

    def upload(self, repository: str, upload_id: str) -> Upload | None:
        """A session of this repository."""

    def mount(self, repository: str, digest: Digest, source: str | None) -> bool:
        """Make another repository's blob (any repository's: None) visible here without moving bytes."""

    def has(self, repository: str, digest: Digest) -> bool:
        """True where the blob is in this repository."""

    def put_manifest(
        self,
        repository: str,
        manifest: Manifest,
        tags: Sequence[str],
        subject: Digest | None,
        descriptor: Descriptor,
    ) -> None:
        """Store a manifest, enter it as a referrer of `subject` under `descriptor`, then move the tags; durable."""

    def delete_tag(self, repository: str, tag: str) -> bool:
        """True where there was one."""

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Delete with every tag that names it; True where there was one."""

    def delete_blob(self, repository: str, digest: Digest) -> bool:
        """Make the blob invisible in this repository; its bytes go with the last one that has it."""


class OutOfOrder(Exception):
    """A chunk does not begin where the session ends; `size` is where it ends."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the upload has {size} bytes")
        self.size = size


class WrongDigest(Exception):
    """The bytes hash to something else; `actual` is what they hash to."""

    def __init__(self, actual: Digest) -> None:
        super().__init__(f"the bytes hash to {actual}")
        self.actual = actual


class TooMany(Exception):
    """No more sessions are allowed at once."""


class Damaged(Exception):
    """The storage's own bytes are not what they were when they were written."""
