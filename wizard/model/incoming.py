"""Writing a store: blobs arrive beside it, and become part of it only when the whole model is there.

    MODELS/.airgap-wizard/.sha256-HEX.partial   arriving; what is there is kept for the next try
    MODELS/.airgap-wizard/sha256-HEX            whole: hashed while it was written, synced
    MODELS/blobs/sha256-HEX                     renamed into place, all together
    MODELS/manifests/…                          last, in one rename: Ollama sees the model or does not

A server that runs on the same store is not disturbed: it never looks beside `blobs` and `manifests`, and prunes at
its start only blobs that no manifest names and that are not fresh (older versions: not even that), so the time in
which the blobs stand without their manifest is kept to a few renames.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.engine.events import Move
from wizard.engine.problems import Problem, Remedy
from wizard.model.manifest import Layer
from wizard.model.names import ModelName
from wizard.model.store import blob_path, manifest_path
from wizard.oci.descriptor import Descriptor
from wizard.oci.download import download, partial_path
from wizard.oci.files import free_space, sync_folder, write_atomic, write_problem
from wizard.oci.problems import disk_full
from wizard.oci.progress import Progress
from wizard.oci.store import Opener

FOLDER = ".airgap-wizard"
_ROOM = 16 << 20  # bytes kept free for manifests and what else the file system needs


class Incoming:
    """The arrivals of one store; one process at a time. A context manager."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._folder = store / FOLDER
        self._lock = -1

    def __enter__(self) -> Self:
        with self._explained():
            self._lock = self._take_lock()
            (self._store / "blobs").mkdir(exist_ok=True)
        return self

    def _take_lock(self) -> int:
        path = self._folder / "lock"
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
                    return lock
            except BlockingIOError:
                os.close(lock)
                raise self._busy() from None
            os.close(lock)  # the holder before us ended and took the folder with it: make a new one

    def _busy(self) -> Problem:
        return Problem(
            "model-store-busy",
            f"another run is writing to {self._store}",
            detail=f"it holds the lock on {self._folder / 'lock'}",
            remedies=(
                Remedy("Wait for it; the list shows which runs there are", "airgap-wizard runs"),
                Remedy("Or stop it", "airgap-wizard stop"),
            ),
            evidence={"store": str(self._store)},
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            # whatever is left belongs to models that were given up: the lock says that nobody waits for it
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def require_room(self, blobs: Iterable[Layer]) -> None:
        """Raises Problem `disk-full`, before anything is written, where these blobs do not fit."""
        needed = sum(blob.size - self._begun(blob) for blob in blobs)
        free = free_space(self._store)
        if needed + _ROOM > free:
            raise disk_full(self._store, needed + _ROOM, free)

    def has(self, blob: Layer) -> bool:
        """True where the blob has arrived, whole."""
        return self.path(blob).is_file()

    def fetch(self, blob: Layer, opener: Opener, progress: Progress) -> None:
        """Bring one blob, going on where the last try stopped. Safe from several threads, a blob each.

        Raises `digest-mismatch`, `blob-truncated`, `disk-full`, `folder-not-writable`, what the source raises, and
        Stopped; what has arrived stays for the next try.
        """
        if not self.has(blob):
            download(self.path(blob), Descriptor(blob.media_type, blob.digest, blob.size), opener, progress)
        progress.end(Move.COPIED)

    def keep(self, blob: Layer, data: bytes) -> None:
        """A small blob that is in memory already (and was checked)."""
        if not self.has(blob):
            write_atomic(self.path(blob), data)

    def publish(self, name: ModelName, raw: bytes, blobs: Iterable[Layer]) -> None:
        """Make the model visible: rename what arrived into `blobs`, then write the manifest.

        Raises Problem `model-blob-missing` where a blob that was counted on has gone meanwhile.
        """
        blobs = list(blobs)
        with self._explained():
            for blob in blobs:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    if self.has(blob):
                        self.path(blob).replace(blob_path(self._store, blob.digest))
                    else:
                        os.utime(blob_path(self._store, blob.digest))  # fresh: not for pruning
            sync_folder(self._store / "blobs")
            self._require(name, blobs)
            path = manifest_path(self._store, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != raw:
                # the temporary must not look like a tag to a server that lists models at this moment
                write_atomic(self._folder / "manifest", raw)
                (self._folder / "manifest").replace(path)
                sync_folder(path.parent)
            try:
                self._require(name, blobs)
            except Problem:
                path.unlink(missing_ok=True)  # a model with a hole must not be seen
                raise

    def _require(self, name: ModelName, blobs: Iterable[Layer]) -> None:
        for blob in blobs:
            if not blob_path(self._store, blob.digest).is_file():
                raise Problem(
                    "model-blob-missing",
                    f"a blob of {name} went away while the model was written",
                    detail=f"{blob_path(self._store, blob.digest)}: an Ollama that starts removes blobs of no model",
                    remedies=(Remedy("Run the same command again; stop Ollama meanwhile if it comes back"),),
                    evidence={"digest": blob.digest},
                )

    def path(self, blob: Layer) -> Path:
        """Where a blob that has arrived lies until it is published."""
        return self._folder / blob.digest.replace(":", "-")

    def _partial(self, blob: Layer) -> Path:
        return self._folder / (blob.digest.replace(":", "-") + ".partial")

    def _begun(self, blob: Layer) -> int:
        for path in (self.path(blob), partial_path(self.path(blob))):
            with contextlib.suppress(FileNotFoundError):
                return min(path.stat().st_size, blob.size)
        return 0

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the file system as Problems."""
        try:
            yield
        except OSError as error:
            raise write_problem(error, self._store) from None
