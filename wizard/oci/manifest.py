"""Manifests: the bytes as they came, and what they point at. The bytes are never written anew."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wizard.oci import media
from wizard.oci.descriptor import Descriptor, Malformed
from wizard.oci.digest import digest_of

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest manifest that is read: what registries accept (distribution-spec, 4 MiB)."""


@dataclass(frozen=True)
class Manifest:
    """One manifest or index: `body` byte for byte, its media type and its digest (recomputed, never believed)."""

    body: bytes
    media_type: str
    digest: str = field(default="")

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", digest_of(self.body))

    @cached_property
    def data(self) -> dict[str, Any]:
        """The parsed JSON object. Raises Malformed."""
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"it is no JSON ({error})") from None
        if not isinstance(data, dict):
            raise Malformed("it is no JSON object")
        return data

    @property
    def is_index(self) -> bool:
        """True for an index (a list of manifests)."""
        return self.media_type in media.INDEXES

    @cached_property
    def children(self) -> tuple[Descriptor, ...]:
        """The manifests of an index; () for an image. Raises Malformed."""
        return self._list("manifests") if self.is_index else ()

    @cached_property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers of an image or artefact; () for an index. Raises Malformed."""
        return () if self.is_index else self._list("layers")

    @cached_property
    def config(self) -> Descriptor | None:
        """The config of an image or artefact; None for an index. Raises Malformed."""
        if self.is_index or "config" not in self.data:
            return None
        return Descriptor.from_json(self.data["config"])

    @cached_property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers that a registry holds, each once. Raises Malformed."""
        found = {d.digest: d for d in ((self.config,) if self.config else ()) + self.layers}
        return tuple(found.values())

    @cached_property
    def subject(self) -> Descriptor | None:
        """What this manifest refers to (a signature's image). Raises Malformed."""
        return Descriptor.from_json(self.data["subject"]) if self.data.get("subject") is not None else None

    @property
    def annotations(self) -> dict[str, str]:
        """The manifest's own annotations."""
        found = self.data.get("annotations") or {}
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    @property
    def artifact_type(self) -> str:
        """artifactType, else the config's media type (image-spec, "Guidelines for Artifact Usage")."""
        return str(self.data.get("artifactType") or (self.config.media_type if self.config else ""))

    @property
    def descriptor(self) -> Descriptor:
        """A descriptor of this manifest."""
        return Descriptor(self.media_type, self.digest, len(self.body))

    def check(self) -> None:
        """Raises Malformed where any descriptor in it is broken, or the media type is not what it says it is."""
        said = self.data.get("mediaType")
        if said is not None and said != self.media_type:
            raise Malformed(f"it says mediaType {said!r} but was served as {self.media_type!r}")
        if self.is_index:
            if "layers" in self.data or "config" in self.data:
                raise Malformed("it is served as an index but has layers")
            _ = self.children
        elif "manifests" in self.data:
            raise Malformed("it is served as an image but lists manifests")
        _ = self.blobs, self.subject

    def _list(self, key: str) -> tuple[Descriptor, ...]:
        found = self.data.get(key, [])
        if not isinstance(found, list):
            raise Malformed(f"{key} is no list")
        return tuple(Descriptor.from_json(item) for item in found)


def guess_media_type(body: bytes) -> str:
    """The media type of a manifest that came without one. Raises Malformed where it cannot be told."""
    found = Manifest(body, "").data
    said = found.get("mediaType")
    if isinstance(said, str) and said:
        return said
    if isinstance(found.get("manifests"), list):
        return media.OCI_INDEX
    if isinstance(found.get("layers"), list):
        return media.OCI_MANIFEST
    if found.get("schemaVersion") == 1:
        return media.DOCKER_SCHEMA1_SIGNED
    raise Malformed("it is neither an image manifest nor an index")
