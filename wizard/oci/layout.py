"""An OCI image layout in a folder (image-spec, image-layout.md): what is carried between two isolated sides.

Names are FAT-safe (no colon anywhere), every file appears whole or not at all, and several processes may write.
"""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from wizard.engine.events import Move
from wizard.oci import media, problems
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.digest import is_digest
from wizard.oci.download import download
from wizard.oci.files import FileBlob, make_folder, write_atomic, write_problem
from wizard.oci.manifest import LARGEST, Manifest, guess_media_type
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener

__all__ = ["FileBlob", "Layout"]
_MARK = b'{"imageLayoutVersion":"1.0.0"}'


class Layout:
    """A Store in a folder. `create` makes the folder with the first thing that is put there."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        if not create:
            self._check()

    @property
    def name(self) -> str:
        """layout:DIR."""
        return f"layout:{self.folder}"

    def _check(self) -> None:
        try:
            mark = json.loads((self.folder / "oci-layout").read_bytes())
            version = mark["imageLayoutVersion"]
        except FileNotFoundError:
            there = self.folder.is_dir()
            why = "there is no file `oci-layout` in it" if there else "there is no such folder"
            raise problems.layout_invalid(self.folder, why) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise problems.layout_invalid(
                self.folder, f"its file `oci-layout` cannot be read: {error}"
            ) from None
        if not str(version).startswith("1."):
            raise problems.layout_invalid(
                self.folder, f"its file `oci-layout` names version {version}, known is 1.0.0"
            )

    def blob_path(self, digest: str) -> Path:
        """Where a blob is, or would be."""
        algorithm, _, encoded = digest.partition(":")
        return self.folder / "blobs" / algorithm / encoded

    # --- reading

    def entries(self) -> list[Descriptor]:
        """The descriptors of index.json, in order. Raises Problem `layout-invalid`."""
        try:
            body = (self.folder / "index.json").read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise problems.layout_invalid(self.folder, f"its index.json cannot be read: {error}") from None
        try:
            return list(Manifest(body, media.OCI_INDEX).children)
        except Malformed as error:
            raise problems.layout_invalid(self.folder, f"its index.json is wrong: {error}") from None

    def _find(self, ref: str) -> Descriptor | None:
        entries = self.entries()
        if is_digest(ref):
            found = next((entry for entry in entries if entry.digest == ref), None)
            return found or self._loose(ref)
        if not ref:
            return entries[0] if len({entry.digest for entry in entries}) == 1 else None
        named = [entry for entry in entries if entry.annotations.get(media.REF_NAME) == ref]
        # other tools write the whole reference there
        if not named:
            named = [e for e in entries if e.annotations.get(media.REF_NAME, "").endswith(f":{ref}")]
            if len({e.digest for e in named}) > 1:
                return None  # the tag of several images: which one was meant cannot be told
        return named[-1] if named else None

    def _loose(self, digest: str) -> Descriptor | None:
        path = self.blob_path(digest)
        with contextlib.suppress(OSError, Malformed):
            if path.stat().st_size <= LARGEST:
                body = path.read_bytes()
                return Descriptor(guess_media_type(body), digest, len(body))
        return None

    def resolve(self, ref: str) -> Descriptor | None:
        """By tag or digest; "" = the only one there is."""
        found = self._find(ref)
        return found if found is not None and self.blob_path(found.digest).is_file() else None

    def manifest(self, ref: str) -> Manifest:
        """The manifest, its digest recomputed."""
        found = self._find(ref)
        if found is None:
            raise problems.tag_not_found(self.name, ref or "(none named)", self.tags())
        path = self.blob_path(found.digest)
        try:
            with path.open("rb") as file:
                body = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise problems.blob_not_found(self.name, found.digest) from None
        except OSError as error:
            raise problems.layout_invalid(self.folder, f"{path} cannot be read: {error}") from None
        if len(body) > LARGEST:
            raise problems.manifest_too_large(self.name, ref, len(body), LARGEST)
        made = Manifest(body, "")
        got = made.digest if found.digest.startswith("sha256:") else _digest_as(body, found.digest)
        if got != found.digest:
            raise problems.digest_mismatch(f"manifest {ref} in {self.name}", found.digest, got)
        try:
            made = Manifest(body, found.media_type or guess_media_type(body), found.digest)
            if made.media_type not in media.SCHEMA1:
                made.check()
        except Malformed as error:
            raise problems.manifest_invalid(self.name, ref, error) from None
        return made

    def has_blob(self, blob: Descriptor) -> bool:
        """True where it is here at its full size (it was verified when it came)."""
        try:
            return self.blob_path(blob.digest).stat().st_size == blob.size
        except OSError:
            return False

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """Open the blob's file."""
        try:
            return FileBlob(self.blob_path(blob.digest), offset)
        except FileNotFoundError:
            raise problems.blob_not_found(self.name, blob.digest) from None
        except OSError as error:
            raise problems.layout_invalid(
                self.folder, f"blob {blob.digest} cannot be read: {error}"
            ) from None

    def tags(self) -> list[str]:
        """The names in index.json."""
        return sorted({n for entry in self.entries() if (n := entry.annotations.get(media.REF_NAME))})

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Entries of index.json whose manifest has this subject."""
        found: dict[str, Descriptor] = {}
        for entry in self.entries():
            if entry.digest in found or not self.blob_path(entry.digest).is_file():
                continue
            manifest = self.manifest(entry.digest)
            if manifest.is_index or manifest.subject is None or manifest.subject.digest != digest:
                continue
            if not artifact_type or manifest.artifact_type == artifact_type:
                found[entry.digest] = Descriptor(
                    manifest.media_type,
                    manifest.digest,
                    len(manifest.body),
                    manifest.annotations,
                    artifact_type=manifest.artifact_type,
                )
        return list(found.values())

    # --- writing

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """Through a partial file beside it; `mount_from` has no meaning here."""
        progress = progress or Progress()
        progress.total = blob.size
        if self.has_blob(blob):
            progress.end(Move.PRESENT)
            return Move.PRESENT
        path = self.blob_path(blob.digest)
        try:
            path.unlink(missing_ok=True)  # of the wrong size: damaged since
        except OSError as error:
            raise write_problem(error, path) from None
        download(path, blob, opener, progress)
        progress.end(Move.COPIED)
        return Move.COPIED

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """Store it; with a tag or its digest as `ref` it gets an entry in index.json, without it is a child."""
        path = self.blob_path(manifest.digest)
        make_folder(path.parent)
        if not path.is_file() or path.read_bytes() != manifest.body:
            write_atomic(path, manifest.body)
        found = manifest.descriptor
        if ref:
            annotations = {} if is_digest(ref) else {media.REF_NAME: ref}
            self._enter(
                Descriptor(
                    found.media_type,
                    found.digest,
                    found.size,
                    annotations,
                    artifact_type=manifest.artifact_type if manifest.subject is not None else "",
                )
            )
        return found

    def _enter(self, entry: Descriptor) -> None:
        with self._exclusive():
            name = entry.annotations.get(media.REF_NAME)
            kept = [
                old
                for old in self.entries()
                if not (old.annotations.get(media.REF_NAME) == name and (name or old.digest == entry.digest))
            ]
            index = {
                "schemaVersion": 2,
                "mediaType": media.OCI_INDEX,
                "manifests": [one.to_json() for one in (*kept, entry)],
            }
            write_atomic(self.folder / "oci-layout", _MARK)
            write_atomic(self.folder / "index.json", json.dumps(index, indent=2, ensure_ascii=False).encode())

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._lock:
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                with contextlib.suppress(OSError):  # a file system without locks: one writer at a time then
                    fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)


def _digest_as(body: bytes, digest: str) -> str:
    from wizard.oci.digest import digest_of

    return digest_of(body, digest.partition(":")[0])
