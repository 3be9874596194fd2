"""Private keys: made, kept encrypted as cosign keeps them, and used for signing."""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.bundle import problems
from wizard.bundle.keys import cosign_format
from wizard.bundle.keys.public import ECDSA, ED25519, NotAKey, PublicKey, read_small
from wizard.engine.folder import write_atomic
from wizard.engine.secrets import Secret
from wizard.oci.files import write_problem

ALGORITHMS = {"ecdsa-p256": ECDSA, "ed25519": ED25519}
"""Word on the command line → what it signs with."""


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs; it never prints itself."""

    public: PublicKey
    _key: Any = field(repr=False)

    @classmethod
    def make(cls, kind: str = "ecdsa-p256") -> "PrivateKey":
        """A new key of one of ALGORITHMS."""
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519

        key: Any = ed25519.Ed25519PrivateKey.generate()
        if ALGORITHMS[kind] == ECDSA:
            key = ec.generate_private_key(ec.SECP256R1())
        return cls(PublicKey.of(key.public_key()), key)

    @classmethod
    def read(cls, path: Path, password: Secret | None = None) -> "PrivateKey":
        """From cosign's encrypted form, or from PKCS#8 PEM (encrypted or not).

        No password stands for the empty one. Raises Problem `key-unusable`, `key-password-wrong`.
        """
        from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

        word = password.reveal().encode() if password is not None else b""
        try:
            pem = read_small(path)
            if cosign_format.is_encrypted(pem):
                key: Any = load_der_private_key(cosign_format.decrypt(pem, word), None)
            else:
                key = load_pem_private_key(pem, word or None)
            return cls(PublicKey.of(key.public_key()), key)
        except cosign_format.WrongPassword:
            raise problems.password_wrong(path) from None
        except (OSError, NotAKey, cosign_format.Unreadable) as error:
            raise problems.key_unusable(path, str(error)) from None
        except (ValueError, TypeError) as error:
            if "decrypt" in str(error).lower() or "password" in str(error).lower():
                raise problems.password_wrong(path) from None
            raise problems.key_unusable(path, "it is no private key in PEM form") from None
        except Exception as error:  # cryptography.exceptions.UnsupportedAlgorithm and the like
            raise problems.key_unusable(
                path, f"it is of a kind that is not used here ({type(error).__name__})"
            ) from None

    def sign(self, data: bytes) -> str:
        """A signature in base64; the same bytes give the same one wherever OpenSSL can (RFC 6979, RFC 8032)."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        if self.public.algorithm == ED25519:
            raw: bytes = self._key.sign(data)
        else:
            try:
                raw = self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            except UnsupportedAlgorithm:  # OpenSSL before 3.2
                raw = self._key.sign(data, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(raw).decode()

    def encrypted(self, password: Secret | None) -> bytes:
        """The key in cosign's form."""
        from cryptography.hazmat.primitives import serialization

        der: bytes = self._key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cosign_format.encrypt(der, password.reveal().encode() if password is not None else b"")


def write_pair(key: PrivateKey, prefix: Path, password: Secret | None) -> tuple[Path, Path]:
    """PREFIX.key (0600) and PREFIX.pub. Raises Problem `key-exists`, `folder-not-writable`, `disk-full`."""
    private, public = prefix.with_name(prefix.name + ".key"), prefix.with_name(prefix.name + ".pub")
    for path in (private, public):
        if os.path.lexists(path):
            raise problems.key_exists(path)
    try:
        private.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(private, key.encrypted(password), 0o600)
        write_atomic(public, key.public.pem, 0o644)
    except OSError as error:
        raise write_problem(error, private) from None
    return private, public
