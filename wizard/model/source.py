"""A model's artefact as something that can be copied from: the same shape as a repository or a layout."""

import io

from wizard.engine.events import Move
from wizard.engine.problems import Problem
from wizard.model.artefact import Artefact
from wizard.model.manifest import Layer
from wizard.model.store import blob_path, damaged, require_blob
from wizard.oci.descriptor import Descriptor
from wizard.oci.layout import FileBlob
from wizard.oci.manifest import Manifest
from wizard.oci.problems import blob_not_found, tag_not_found
from wizard.oci.progress import Progress
from wizard.oci.store import BlobReader, Opener


class ModelSource:
    """A planned artefact, read from the store blob by blob while it is copied. Nothing can be put here."""

    def __init__(self, artefact: Artefact) -> None:
        self._artefact = artefact

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self._artefact.model.name} in {self._artefact.model.store}"

    def resolve(self, ref: str) -> Descriptor | None:
        """The artefact, by its digest or by any tag."""
        manifest = self._artefact.manifest
        return manifest.descriptor if ":" not in ref or ref == manifest.digest else None

    def manifest(self, ref: str) -> Manifest:
        """The artefact's manifest."""
        if self.resolve(ref) is None:
            raise tag_not_found(self.name, ref, [])
        return self._artefact.manifest

    def has_blob(self, blob: Descriptor) -> bool:
        """True where the blob is part of the artefact."""
        return any(one.digest == blob.digest for one in self._artefact.blobs)

    def open_blob(self, blob: Descriptor, offset: int = 0) -> BlobReader:
        """Open a blob. Raises `blob-not-found`, `model-blob-missing`, `model-blob-damaged` (a wrong size)."""
        if not self.has_blob(blob):
            raise blob_not_found(self.name, blob.digest)
        if (data := self._artefact.made.get(blob.digest)) is not None:
            return BytesReader(data[offset:])
        model = self._artefact.model
        require_blob(model, self._layer(blob))
        return FileBlob(blob_path(model.store, blob.digest), offset)

    def put_blob(
        self, blob: Descriptor, opener: Opener, progress: Progress | None = None, *, mount_from: str = ""
    ) -> Move:
        """A model is read from, never written to, through its artefact."""
        raise TypeError("a model's artefact is read-only")

    def put_manifest(self, manifest: Manifest, ref: str = "") -> Descriptor:
        """A model is read from, never written to, through its artefact."""
        raise TypeError("a model's artefact is read-only")

    def tags(self) -> list[str]:
        """No tags: the artefact is the only thing here."""
        return []

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Nothing refers to it here."""
        return []

    def explain(self, problem: Problem) -> Problem:
        """Turn a blob's wrong digest, noticed while it was sent, into the problem of the store it came from."""
        expected = problem.evidence.get("expected")
        for blob in self._artefact.blobs:
            if problem.code == "digest-mismatch" and blob.digest == expected:
                return damaged(
                    self._artefact.model, self._layer(blob), f"its content is {problem.evidence.get('got')}"
                )
        return problem

    def _layer(self, blob: Descriptor) -> Layer:
        found = [one for one in self._artefact.model.manifest.blobs if one.digest == blob.digest]
        return found[0] if found else Layer(blob.media_type, blob.digest, blob.size)


class BytesReader(io.BytesIO):
    """Bytes that are in memory, as an open blob."""

    def readinto(self, view: memoryview, /) -> int:  # type: ignore[override]
        """Fill the view as far as it goes; 0 at the end."""
        return super().readinto(view)
