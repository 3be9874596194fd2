"""Descriptors and platforms (image-spec, descriptor.md and image-index.md), read and written without loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.oci.digest import is_digest


class Malformed(ValueError):
    """JSON that is no descriptor or manifest; the message names the field."""


@dataclass(frozen=True, slots=True)
class Platform:
    """os/architecture[/variant], with the two Windows fields; `extra` keeps what we do not know."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Parse `linux/amd64` or `linux/arm/v7`. Raises Malformed."""
        parts = text.strip().lower().split("/")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise Malformed(f"{text!r} is no platform; write os/architecture, for example linux/amd64")
        return cls(parts[0], parts[1], parts[2] if len(parts) == 3 else "")

    @classmethod
    def from_json(cls, data: object) -> "Platform":
        """Read the `platform` object of a descriptor. Raises Malformed."""
        if not isinstance(data, dict):
            raise Malformed("platform is no object")
        extra = {k: v for k, v in data.items() if k not in _PLATFORM}
        text = {k: data.get(k, "") for k in ("os", "architecture", "variant", "os.version")}
        features = data.get("os.features", [])
        if not all(isinstance(v, str) for v in text.values()) or not isinstance(features, list):
            raise Malformed("platform has a field that is no text")
        return cls(
            text["os"],
            text["architecture"],
            text["variant"],
            text["os.version"],
            tuple(map(str, features)),
            extra,
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object, in the order of the specification."""
        data: dict[str, Any] = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            data["os.version"] = self.os_version
        if self.os_features:
            data["os.features"] = list(self.os_features)
        if self.variant:
            data["variant"] = self.variant
        return {**data, **self.extra}

    def matches(self, wanted: "Platform") -> bool:
        """True where this is what was asked for. arm64 and arm64/v8 are the same; no variant asked = any."""
        if (self.os, self.architecture) != (wanted.os, wanted.architecture):
            return False
        mine, theirs = self.variant, wanted.variant
        if self.architecture == "arm64":
            mine, theirs = mine or "v8", theirs or "v8"
        return not theirs or mine == theirs

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a blob or manifest is: media type, digest, size in bytes; `extra` keeps fields we do not know."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""
    urls: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    _order: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def from_json(cls, data: object) -> "Descriptor":
        """Read a descriptor. Raises Malformed that names the field."""
        if not isinstance(data, dict):
            raise Malformed("a descriptor is no object")
        media_type, digest, size = data.get("mediaType", ""), data.get("digest"), data.get("size")
        if not isinstance(media_type, str):
            raise Malformed("mediaType is no text")
        if not isinstance(digest, str) or not is_digest(digest):
            raise Malformed(f"digest {str(digest)[:80]!r} is no sha256 or sha512 digest")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**63:
            raise Malformed(f"size of {digest} is no positive number")
        annotations, urls = data.get("annotations") or {}, data.get("urls") or []
        if not isinstance(annotations, dict) or not all(isinstance(v, str) for v in annotations.values()):
            raise Malformed(f"annotations of {digest} are no texts")
        if not isinstance(urls, list) or not all(isinstance(u, str) for u in urls):
            raise Malformed(f"urls of {digest} are no texts")
        artifact_type = data.get("artifactType", "")
        if not isinstance(artifact_type, str):
            raise Malformed(f"artifactType of {digest} is no text")
        return cls(
            media_type,
            digest,
            size,
            annotations,
            Platform.from_json(data["platform"]) if data.get("platform") is not None else None,
            artifact_type,
            tuple(urls),
            {k: v for k, v in data.items() if k not in _DESCRIPTOR},
            tuple(data),
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object: the order it was read in, else that of the specification."""
        data: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.urls:
            data["urls"] = list(self.urls)
        if self.annotations:
            data["annotations"] = dict(self.annotations)
        if self.platform is not None:
            data["platform"] = self.platform.to_json()
        if self.artifact_type:
            data["artifactType"] = self.artifact_type
        data.update(self.extra)
        first = {key: data[key] for key in self._order if key in data}
        return {**first, **data}


_PLATFORM = {"os", "architecture", "variant", "os.version", "os.features"}
_DESCRIPTOR = {"mediaType", "digest", "size", "annotations", "platform", "artifactType", "urls"}
