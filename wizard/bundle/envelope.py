"""Small signed documents: an index of volumes, a receipt. DSSE (github.com/secure-systems-lab/dsse, protocol.md)
around canonical JSON; certificates travel beside the signatures, as in a bundle."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wizard.bundle import canonical, signatures
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.signatures import Signature

MOST = 16 * 1024 * 1024
"""Bytes of the largest envelope that is read."""


class Damaged(ValueError):
    """No envelope, or not of this kind; the message says why."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its signatures. Nothing in the payload is to be used before `signed_bytes` are accepted."""

    kind: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What the signatures are over: DSSE's pre-authentication encoding."""
        return pae(self.kind, self.payload)

    def value(self) -> dict[str, Any]:
        """The payload, strictly read. Raises Damaged."""
        try:
            found = canonical.decode(self.payload)
        except canonical.NotCanonical as error:
            raise Damaged(f"its payload is not canonical: {error}") from None
        if not isinstance(found, dict):
            raise Damaged("its payload is no object")
        return found

    def to_bytes(self) -> bytes:
        """The JSON text."""
        document = {
            "payloadType": self.kind,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [signatures.to_json(one) for one in self.signatures],
        }
        return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def pae(kind: str, payload: bytes) -> bytes:
    """`DSSEv1 LEN TYPE LEN PAYLOAD`."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def seal(
    kind: str, value: Any, key: PrivateKey, authority: str = "", certificates: Iterable[str] = ()
) -> Envelope:
    """Sign a value."""
    payload = canonical.encode(value)
    made = signatures.sign(key, pae(kind, payload), authority, tuple(certificates))
    return Envelope(kind, payload, (made,))


def from_bytes(data: bytes, kind: str) -> Envelope:
    """Read an envelope of a kind. Raises Damaged."""
    if len(data) > MOST:
        raise Damaged(f"it has more than {MOST} bytes")
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or found.get("payloadType") != kind:
            raise Damaged(f"it is no document of type {kind}")
        payload = base64.b64decode(found["payload"], validate=True)
        listed = found["signatures"]
        if not isinstance(listed, list) or len(listed) > 64:
            raise Damaged("its signatures are no list, or too long a one")
        return Envelope(kind, payload, tuple(signatures.from_json(one) for one in listed))
    except (KeyError, TypeError, binascii.Error, ValueError, RecursionError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged(f"it is no signed document ({str(error) or type(error).__name__})") from None
