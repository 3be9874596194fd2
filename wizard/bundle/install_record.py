"""The install record, sealed: what was proved about an install, signed by the site's own key.

The record is data that anybody may read and, where it is a ConfigMap, some may change. The sealed form holds the record
itself; what stands beside it in the clear has to be the same to the byte.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard.bundle import canonical, envelope, problems
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.keys.public import PublicKey
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept

KIND = "application/vnd.airgap-wizard.install-record.v1+json"
PLAIN, SEALED = "record.json", "record.dsse.json"
"""Keys of the ConfigMap: the record in the clear, and sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record that was accepted, and who signed it."""

    record: Mapping[str, Any]
    accepted: tuple[Accepted, ...]


def seal_record(record: Mapping[str, Any], key: PrivateKey) -> bytes:
    """The sealed form."""
    return envelope.seal(KIND, dict(record), key).to_bytes()


def sealed_by(data: bytes, record: Mapping[str, Any], public: PublicKey) -> bool:
    """Whether this is that record, sealed by that key."""
    try:
        sealed = envelope.from_bytes(data, KIND)
        if sealed.payload != canonical.encode(dict(record)):
            return False
    except (envelope.Damaged, canonical.NotCanonical):
        return False
    return any(
        one.fingerprint == public.fingerprint and public.fits(one.signature, sealed.signed_bytes)
        for one in sealed.signatures
    )


def read_record(where: str, data: bytes, policy: Policy, now: float) -> Sealed:
    """Judge a record: the sealed file of a run folder, or the ConfigMap as `kubectl get -o json` prints it.

    Raises Problem `record-unsigned`, `record-invalid`, and those of `accept`; one trusted signature is enough.
    """
    text, shown = _parts(where, data)
    try:
        sealed = envelope.from_bytes(text, KIND)
        accepted = accept(where, sealed.signed_bytes, sealed.signatures, policy, now, partial=True)
        value = sealed.value()
    except envelope.Damaged as error:
        raise problems.record_invalid(where, str(error)) from None
    if shown is not None and shown != sealed.payload:
        raise problems.record_invalid(
            where, f"what it shows under {PLAIN} is not what was signed: it was changed afterwards"
        )
    return Sealed(value, accepted)


def _parts(where: str, data: bytes) -> tuple[bytes, bytes | None]:
    """The sealed form, and what is shown beside it."""
    try:
        found: Any = json.loads(data) if len(data) <= envelope.MOST else None
    except (ValueError, RecursionError) as error:
        raise problems.record_invalid(where, f"it is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise problems.record_invalid(where, "it is no record")
    if "payloadType" in found:
        return data, None
    if found.get("kind") == "ConfigMap":
        held = found.get("data")
        if not isinstance(held, dict) or not isinstance(held.get(PLAIN), str):
            raise problems.record_invalid(where, f"the ConfigMap has no {PLAIN}")
        if not isinstance(held.get(SEALED), str):
            raise problems.record_unsigned(where)
        return held[SEALED].encode(), held[PLAIN].encode()
    if "verify" in found:
        raise problems.record_unsigned(where)
    raise problems.record_invalid(where, "it is no record")
