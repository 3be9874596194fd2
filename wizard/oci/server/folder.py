"""A registry's storage in a folder.

    STORAGE/registry.json                         what this folder is
    STORAGE/blobs/sha256/ab/HEX                   the bytes of each blob, once
    STORAGE/uploads/UUID.KEY                      what unfinished uploads have received (KEY = of the repository)
    STORAGE/tmp/                                  files on their way to a rename
    STORAGE/repositories/NAME/_blobs/ALG/HEX      a hard link to the bytes: the blob is visible here
    STORAGE/repositories/NAME/_manifests/ALG/HEX  one line of JSON (its media type), then the manifest's bytes
    STORAGE/repositories/NAME/_referrers/ALG/HEX/ALG-HEX   the descriptor of a referrer of that subject
    STORAGE/repositories/NAME/_tags/TAG           a digest

Hard links make the rest simple: a blob is visible exactly where it was pushed or mounted, and its bytes are gone
when the last repository lets go, with no index to keep and no collector to run. Every file is written aside,
fsynced and renamed or linked into place, and its folder is fsynced, so a crash at any moment leaves the state of
before or of after. Several processes may share the folder: renames, links and `flock` are all they need.
"""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard.oci.server.durable import make_folder, sync_folder, write_file
from wizard.oci.server.names import Digest, is_repository, is_tag
from wizard.oci.server.storage import Damaged, Descriptor, Manifest, Slice
from wizard.oci.server.uploads import FolderUpload, Uploads, purge


class FileBlob:
    """A blob that is one file."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    def slices(self, start: int, stop: int) -> Iterator[Slice]:
        """One slice of one file."""
        yield Slice(self._fd, start, stop - start)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class FolderStorage:
    """Storage in a folder; see the module. The folder must have been opened by `open_folder` first."""

    def __init__(self, root: Path, *, max_uploads: int = 1000) -> None:
        self.root = root
        self._temporary = root / "tmp"
        self._repositories = root / "repositories"
        self._uploads = Uploads(root / "uploads", self, max_uploads)

    # -- where things are

    def bytes_path(self, digest: Digest) -> Path:
        """Where the bytes of a blob are."""
        return self.root / "blobs" / digest.algorithm / digest.hex[:2] / digest.hex

    def _link(self, repository: str, digest: Digest) -> Path:
        return self._repositories / repository / "_blobs" / digest.algorithm / digest.hex

    def _manifest(self, repository: str, digest: Digest) -> Path:
        return self._repositories / repository / "_manifests" / digest.algorithm / digest.hex

    def _tag(self, repository: str, tag: str) -> Path:
        return self._repositories / repository / "_tags" / tag

    def _referrers(self, repository: str, subject: Digest) -> Path:
        return self._repositories / repository / "_referrers" / subject.algorithm / subject.hex

    # -- reading

    def repositories(self) -> list[str]:
        """All repositories, sorted."""
        found: list[str] = []
        pending = [""]
        while pending:
            parent = pending.pop()
            with contextlib.suppress(FileNotFoundError), os.scandir(self._repositories / parent) as entries:
                for entry in entries:
                    name = f"{parent}/{entry.name}".lstrip("/")
                    if entry.name == "_manifests":
                        found.append(parent)
                    elif is_repository(name):
                        pending.append(name)
        return sorted(found)

    def known(self, repository: str) -> bool:
        """True where a blob or a manifest was ever pushed."""
        base = self._repositories / repository
        return (base / "_manifests").is_dir() or (base / "_blobs").is_dir()

    def blob(self, repository: str, digest: Digest) -> FileBlob | None:
        """Open a blob of this repository."""
        try:
            return FileBlob(os.open(self._link(repository, digest), os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            return None

    def has(self, repository: str, digest: Digest) -> bool:
        """True where the blob is in this repository."""
        return self._link(repository, digest).exists()

    def manifest(self, repository: str, digest: Digest) -> Manifest | None:
        """A manifest, its bytes hashed again."""
        try:
            data = self._manifest(repository, digest).read_bytes()
        except FileNotFoundError:
            return None
        head, _, body = data.partition(b"\n")
        if Digest.of(body, digest.algorithm) != digest:
            raise Damaged(f"manifest {digest} of {repository}: its bytes on disk hash to something else")
        return Manifest(digest, json.loads(head)["mediaType"], body)

    def resolve(self, repository: str, tag: str) -> Digest | None:
        """The manifest that a tag names."""
        try:
            return Digest.parse(self._tag(repository, tag).read_text())
        except FileNotFoundError:
            return None

    def tags(self, repository: str) -> list[str]:
        """All tags in ASCII order."""
        try:
            return sorted(
                name for name in os.listdir(self._repositories / repository / "_tags") if is_tag(name)
            )
        except FileNotFoundError:
            return []

    def referrers(self, repository: str, subject: Digest) -> list[Descriptor]:
        """Descriptors of referrers whose manifests are there, by digest."""
        folder = self._referrers(repository, subject)
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        found: list[Descriptor] = []
        for name in names:
            digest = Digest.parse(name.replace("-", ":"))
            if digest is None or not self._manifest(repository, digest).exists():
                continue
            with contextlib.suppress(FileNotFoundError):
                found.append(json.loads((folder / name).read_bytes()))
        return found

    # -- uploads and blobs

    def begin(self, repository: str, algorithm: str) -> FolderUpload:
        """A new upload session."""
        return self._uploads.begin(repository, algorithm)

    def upload(self, repository: str, upload_id: str) -> FolderUpload | None:
        """A session of this repository."""
        return self._uploads.find(repository, upload_id)

    def purge(self, older_than: float) -> int:
        """Remove uploads and temporary files that got no byte for so many seconds; returns how many."""
        return self._uploads.purge(older_than) + purge(self._temporary, older_than)

    def mount(self, repository: str, digest: Digest, source: str | None) -> bool:
        """A hard link; False where the source has no such blob."""
        origin = self.bytes_path(digest) if source is None else self._link(source, digest)
        link = self._link(repository, digest)
        make_folder(link.parent)
        try:
            os.link(origin, link)
        except FileExistsError:
            return True
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno == errno.EMLINK:
                return False
            raise
        sync_folder(link.parent)
        return True

    def adopt(self, repository: str, data: Path, digest: Digest) -> None:
        """Make a fsynced, verified file the blob's bytes (where they are not there yet) and visible here."""
        target, link = self.bytes_path(digest), self._link(repository, digest)
        make_folder(target.parent)
        make_folder(link.parent)
        self._place(data, target)
        try:
            self._place(target, link)
        except OSError as error:
            # The bytes went with their last repository just now, or have all the links a file can have:
            # then this repository keeps its own copy.
            if error.errno not in (errno.ENOENT, errno.EMLINK):
                raise
            self._place(data, link)

    def _place(self, source: Path, target: Path) -> None:
        """Link source to target, durably. What is there stays, unless it has another length: pushing again heals."""
        while True:
            try:
                os.link(source, target)
                break
            except FileExistsError:
                size = source.stat().st_size
            try:
                if target.stat().st_size == size:
                    return
            except FileNotFoundError:
                continue  # deleted just now
            aside = self._temporary / os.urandom(16).hex()
            os.link(source, aside)
            os.replace(aside, target)
            break
        sync_folder(target.parent)

    def delete_blob(self, repository: str, digest: Digest) -> bool:
        """Unlink; the bytes go with the last link."""
        link = self._link(repository, digest)
        try:
            link.unlink()
        except FileNotFoundError:
            return False
        sync_folder(link.parent)
        target = self.bytes_path(digest)
        # A mount that comes in between has its own hard link: it loses nothing.
        with contextlib.suppress(FileNotFoundError):
            if target.stat().st_nlink == 1:
                target.unlink()
        return True

    # -- manifests and tags

    @contextlib.contextmanager
    def _locked(self, repository: str) -> Iterator[None]:
        """One writer of manifests and tags at a time in a repository, across processes and threads."""
        make_folder(self._repositories / repository)
        fd = os.open(self._repositories / repository / "_lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def put_manifest(
        self,
        repository: str,
        manifest: Manifest,
        tags: Sequence[str],
        subject: Digest | None,
        descriptor: Descriptor,
    ) -> None:
        """Manifest first, then the referrers' list, then the tags: nothing names what is not there."""
        with self._locked(repository):
            path = self._manifest(repository, manifest.digest)
            make_folder(path.parent)
            head = json.dumps(
                {"mediaType": manifest.media_type, "subject": str(subject) if subject else ""}
            ).encode()
            write_file(path, head + b"\n" + manifest.body, self._temporary)
            if subject is not None:
                folder = self._referrers(repository, subject)
                make_folder(folder)
                write_file(
                    folder / str(manifest.digest).replace(":", "-"),
                    json.dumps(descriptor).encode(),
                    self._temporary,
                )
            for tag in tags:
                file = self._tag(repository, tag)
                make_folder(file.parent)
                write_file(file, str(manifest.digest).encode(), self._temporary)

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Unlink a tag."""
        if not self.known(repository):
            return False
        with self._locked(repository):
            return self._unlink(self._tag(repository, tag))

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """Tags first, then the manifest, then its place in a referrers' list."""
        path = self._manifest(repository, digest)
        if not path.exists():
            return False
        with self._locked(repository):
            for tag in self.tags(repository):
                if self.resolve(repository, tag) == digest:
                    self._unlink(self._tag(repository, tag))
            try:
                with path.open("rb") as file:
                    subject = Digest.parse(json.loads(file.readline()).get("subject", ""))
            except FileNotFoundError:
                return False
            self._unlink(path)
            if subject is not None:
                self._unlink(self._referrers(repository, subject) / str(digest).replace(":", "-"))
            return True

    @staticmethod
    def _unlink(path: Path) -> bool:
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
        return True
