"""Signatures that cosign attached to an image: read from the store beside it, checked with keys that are on disk.

Formats (both as cosign writes them with a key): a manifest under the tag `sha256-HEX.sig` with simple-signing
payloads as layers; and an OCI 1.1 referrer with a sigstore bundle around a DSSE in-toto statement.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wizard.engine.problems import Problem, Remedy
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import same_digest
from wizard.oci.manifest import Manifest
from wizard.oci.store import Store

_SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATES = ("dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain")
_MOST = 1024 * 1024  # bytes of a signature document
_COUNT = 100  # signatures of one image that are looked at


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature: the bytes that were signed, the signature over them, and the image digest they speak of.

    `certificates` are PEM, the signer's first; () where it was made with a bare key.
    """

    signed: bytes
    signature: bytes
    digest: str
    certificates: tuple[str, ...] = ()


def claims(store: Store, digest: str) -> Iterator[Claim]:
    """Everything beside an image that claims to be a signature of it. Nothing is believed yet; broken ones are passed over."""
    tag = digest.replace(":", "-", 1) + ".sig"
    if store.resolve(tag) is not None:
        for layer in store.manifest(tag).layers[:_COUNT]:
            if layer.media_type == _SIMPLE and (payload := _small(store, layer)) is not None:
                encoded = layer.annotations.get(_SIGNATURE, "")
                texts = "".join(layer.annotations.get(name, "") for name in _CERTIFICATES)
                path = ("critical", "image", "docker-manifest-digest")
                for claim in _claim(payload, payload, encoded, path):
                    yield replace(claim, certificates=tuple(_split(texts)))
    for found in store.referrers(digest, _BUNDLE)[:_COUNT]:
        for layer in store.manifest(found.digest).layers[:1]:
            if (document := _small(store, layer)) is not None:
                yield from _bundle(document)


def _split(pem: str) -> Iterator[str]:
    """The certificates of a PEM text."""
    end = "-----END CERTIFICATE-----"
    for part in pem.split(end)[:-1]:
        yield part.strip() + f"\n{end}\n"


def _bundle(document: bytes) -> Iterator[Claim]:
    try:
        envelope = json.loads(document)["dsseEnvelope"]
        kind, payload = str(envelope["payloadType"]), base64.b64decode(envelope["payload"], validate=True)
        signatures = [str(one["sig"]) for one in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    signed = b" ".join(
        (b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(payload)).encode(), payload)
    )
    for encoded in signatures:
        yield from _claim(signed, payload, encoded, ("subject", 0, "digest", "sha256"))


def _claim(signed: bytes, payload: bytes, encoded: str, path: Sequence[str | int]) -> Iterator[Claim]:
    try:
        value: Any = json.loads(payload)
        for step in path:
            value = value[step]
        signature = base64.b64decode(encoded, validate=True)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, binascii.Error):
        return
    digest = str(value)
    yield Claim(signed, signature, digest if ":" in digest else f"sha256:{digest}")


def _small(store: Store, blob: Descriptor) -> bytes | None:
    if blob.size > _MOST:
        return None
    data = bytearray()
    view = memoryview(bytearray(blob.size + 1))
    with store.open_blob(blob) as reader:
        while len(data) <= blob.size and (count := reader.readinto(view)):
            data += view[:count]
    return bytes(data) if same_digest(bytes(data), blob.digest) else None


class Keys:
    """Public keys on disk (PEM, ECDSA or Ed25519) that are accepted; an `Accept` for the resolver."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Raises Problem `key-unreadable` (exit 2)."""
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        self._keys = []
        for path in paths:
            try:
                key = load_pem_public_key(path.read_bytes())
            except (OSError, ValueError) as error:
                raise _unreadable(path, str(error)) from None
            if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
                raise _unreadable(path, "it is neither an ECDSA nor an Ed25519 key")
            self._keys.append(key)

    def __call__(self, store: Store, manifest: Manifest) -> str:
        """The fingerprint (sha256 of the key's DER form) of the first accepted key that signed it, or ""."""
        for claim in claims(store, manifest.digest):
            if claim.digest == manifest.digest:
                for key in self._keys:
                    if _verifies(key, claim):
                        return _fingerprint(key)
        return ""


def _verifies(key: Any, claim: Claim) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(claim.signature, claim.signed, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(claim.signature, claim.signed)
    except InvalidSignature:
        return False
    return True


def _fingerprint(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from wizard.oci.digest import digest_of

    return digest_of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _unreadable(path: Path, why: str) -> Problem:
    return Problem(
        "key-unreadable",
        f"{path} is no public key that can be used",
        detail=why,
        remedies=(Remedy("name a PEM file like cosign.pub", "cosign public-key --key cosign.key"),),
        evidence={"file": str(path)},
        exit_code=2,
    )
