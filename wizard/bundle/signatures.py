"""Detached signatures, and the room they have in the archive: one entry of fixed size, so that signing again
rewrites this one and nothing else."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.keys.public import ECDSA, ED25519

ROOM = 64 * 1024
"""Bytes of the signatures' entry, whatever is in it."""
_MOST = 64


class Damaged(ValueError):
    """The signatures' entry cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature (base64) by the key with this fingerprint. `certificates` are PEM, the signer's first.

    `authority` is whom the signer says it signs for: a hint for people, never believed.
    """

    fingerprint: str
    algorithm: str
    signature: str
    authority: str = ""
    certificates: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For messages."""
        return f"{self.fingerprint[:23]}…" + (f" (for {self.authority})" if self.authority else "")


def sign(key: PrivateKey, data: bytes, authority: str = "", certificates: Sequence[str] = ()) -> Signature:
    """Sign bytes."""
    public = key.public
    return Signature(public.fingerprint, public.algorithm, key.sign(data), authority, tuple(certificates))


def added(signatures: Iterable[Signature], new: Signature) -> tuple[Signature, ...]:
    """With the new one, instead of an earlier one by the same key."""
    kept = (one for one in signatures if one.fingerprint != new.fingerprint)
    return tuple(sorted((*kept, new), key=lambda one: one.fingerprint))


def to_json(signature: Signature) -> dict[str, Any]:
    """One signature as JSON."""
    found: dict[str, Any] = {
        "keyid": signature.fingerprint,
        "algorithm": signature.algorithm,
        "sig": signature.signature,
    }
    if signature.authority:
        found["authority"] = signature.authority
    if signature.certificates:
        found["certificates"] = list(signature.certificates)
    return found


def from_json(data: object) -> Signature:
    """Raises Damaged."""
    if not isinstance(data, dict):
        raise Damaged("a signature is no object")
    texts = [data.get("keyid"), data.get("algorithm"), data.get("sig"), data.get("authority", "")]
    if not all(isinstance(text, str) and text.isprintable() and len(text) <= 512 for text in texts):
        raise Damaged("a signature lacks its keyid, its algorithm or its value")
    if texts[1] not in (ECDSA, ED25519):
        raise Damaged(f"a signature is made with {texts[1]!r}")
    chain = data.get("certificates", [])
    if not isinstance(chain, list) or len(chain) > 8 or not all(isinstance(pem, str) for pem in chain):
        raise Damaged("the certificates of a signature are no list of PEM texts")
    fingerprint, algorithm, value, authority = map(str, texts)
    return Signature(fingerprint, algorithm, value, authority, tuple(chain))


def pack(signatures: Iterable[Signature]) -> bytes | None:
    """The entry's content: JSON and spaces up to ROOM; None where they do not fit."""
    document = {"signatures": [to_json(one) for one in signatures]}
    text = json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"
    return text + b" " * (ROOM - len(text)) if len(text) <= ROOM else None


def unpack(content: bytes) -> tuple[Signature, ...]:
    """The signatures of an entry's content. Raises Damaged."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"the signatures are no JSON ({str(error) or type(error).__name__})") from None
    found = data.get("signatures") if isinstance(data, dict) else None
    if not isinstance(found, list) or len(found) > _MOST:
        raise Damaged("the signatures are no list, or too long a one")
    return tuple(from_json(one) for one in found)
