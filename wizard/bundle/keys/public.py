"""Public keys: what they are called, and whether a signature of theirs fits some bytes."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wizard.bundle import problems

ECDSA, ED25519 = "ecdsa-p256-sha256", "ed25519"
_MOST_FILE = 256 * 1024  # bytes of a key or certificate file that is read
_SIGNATURE = 512  # characters of base64: ECDSA P-256 has 96, Ed25519 88


class NotAKey(ValueError):
    """It is no key that is used here; the message says why."""


@dataclass(frozen=True)
class PublicKey:
    """A P-256 or Ed25519 key by its DER (SubjectPublicKeyInfo)."""

    der: bytes

    @classmethod
    def from_pem(cls, text: bytes) -> "PublicKey":
        """The key of a PEM file: a public key or a certificate. Raises NotAKey."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            if b"BEGIN CERTIFICATE" in text:
                return cls.of(x509.load_pem_x509_certificate(text).public_key())
            return cls.of(load_pem_public_key(text))
        except NotAKey:
            raise
        except Exception as error:  # cryptography raises several kinds for what is no key
            raise NotAKey(f"it is no PEM public key ({error or type(error).__name__})") from None

    @classmethod
    def of(cls, key: Any) -> "PublicKey":
        """From a key of `cryptography`. Raises NotAKey for any but P-256 and Ed25519."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519

        if isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(key.curve, ec.SECP256R1):
                raise NotAKey(f"it is on the curve {key.curve.name}; used here are ECDSA P-256 and Ed25519")
        elif not isinstance(key, ed25519.Ed25519PublicKey):
            raise NotAKey(f"it is a {type(key).__name__}; used here are ECDSA P-256 and Ed25519")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(key.public_bytes(serialization.Encoding.DER, form))

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """From a file. Raises Problem `key-unusable`."""
        try:
            return cls.from_pem(read_small(path))
        except (NotAKey, OSError) as error:
            raise problems.key_unusable(path, str(error)) from None

    @cached_property
    def _key(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        return load_der_public_key(self.der)

    @property
    def algorithm(self) -> str:
        """What its signatures are."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return ECDSA if isinstance(self._key, ec.EllipticCurvePublicKey) else ED25519

    @property
    def fingerprint(self) -> str:
        """SHA256:HEX over the DER: the same that cosign hints at (there in base64)."""
        return "SHA256:" + hashlib.sha256(self.der).hexdigest()

    @property
    def pem(self) -> str:
        """The key as PEM."""
        from cryptography.hazmat.primitives import serialization

        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem: bytes = self._key.public_bytes(serialization.Encoding.PEM, form)
        return pem.decode()

    def fits(self, signature: str, data: bytes) -> bool:
        """True where `signature` (base64) is this key's over exactly these bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        if len(signature) > _SIGNATURE:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
            if self.algorithm == ECDSA:
                self._key.verify(raw, data, ec.ECDSA(hashes.SHA256()))
            else:
                self._key.verify(raw, data)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def read_small(path: Path) -> bytes:
    """A key or certificate file, bounded. Raises OSError."""
    with path.open("rb") as file:
        data = file.read(_MOST_FILE + 1)
    if len(data) > _MOST_FILE:
        raise OSError(f"it has more than {_MOST_FILE} bytes: that is no key")
    return data
