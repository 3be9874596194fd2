"""The grammar of names that reach the registry from outside: repositories, tags, digests, upload ids.

Everything that becomes part of a path on disk passes here first; what does not match never gets there.
Source: OCI distribution-spec 1.1, "Pulling manifests"; image-spec, "Digests".
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

MAX_NAME: Final = 255
"""Characters in a repository name; clients refuse more (implementers' note of the specification)."""

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_UPLOAD: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX_LENGTH: Final = {"sha256": 64, "sha512": 128}
_HEX: Final = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest that was checked: `algorithm` is sha256 or sha512, `hex` has the right length in lower case."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @classmethod
    def parse(cls, text: str) -> "Digest | None":
        """None where the text is no digest, or names an algorithm that this registry does not compute."""
        algorithm, _, encoded = text.partition(":")
        if len(encoded) != _HEX_LENGTH.get(algorithm) or not _HEX.fullmatch(encoded):
            return None
        return cls(algorithm, encoded)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> "Digest":
        """The digest of some bytes."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())


def algorithm_known(name: str) -> bool:
    """True for a digest algorithm that this registry computes."""
    return name in _HEX_LENGTH


def is_repository(text: str) -> bool:
    """True for a repository name of the specification, at most 255 characters."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """True for a tag of the specification."""
    return _TAG.fullmatch(text) is not None


def is_upload(text: str) -> bool:
    """True for an upload session's id as this registry makes them (a UUID)."""
    return _UPLOAD.fullmatch(text) is not None
