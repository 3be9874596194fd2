"""X.509: from a signature's certificates to one that the policy names, every one of them valid now.

Source: RFC 5280, section 6, as far as it concerns a signer of code: issuers, validity, basic constraints, key
usage, extended key usage; what else is critical is refused, because it is not understood here.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wizard.bundle.keys.public import NotAKey, PublicKey

_DEEPEST = 6
_LARGEST = 16 * 1024  # characters of one PEM certificate


class Untrusted(ValueError):
    """The chain does not lead to a trusted certificate; the message says why."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain proves: the signer's key and name, and when all certificates of it are valid (UTC seconds)."""

    key: PublicKey
    subject: str
    not_before: float
    not_after: float


def load(pem: str | bytes) -> Any:
    """One certificate. Raises Untrusted."""
    from cryptography import x509

    data = pem.encode() if isinstance(pem, str) else pem
    if len(data) > _LARGEST:
        raise Untrusted(f"a certificate has more than {_LARGEST} bytes")
    try:
        found = x509.load_pem_x509_certificate(data)
        _ = found.extensions, found.subject, found.not_valid_after_utc
        return found
    except Exception as error:  # cryptography raises several kinds for what is no certificate
        raise Untrusted(f"a certificate cannot be read ({error or type(error).__name__})") from None


def load_all(pem: bytes) -> list[Any]:
    """Every certificate of a PEM file. Raises Untrusted."""
    mark = b"-----END CERTIFICATE-----"
    parts = [part[part.find(b"-----BEGIN CERTIFICATE-----") :] for part in pem.split(mark)[:-1]]
    return [load(part + mark + b"\n") for part in parts]


def follow(certificates: Sequence[str], roots: Sequence[Any]) -> Chain:
    """The chain of a signature. Its dates are returned, not judged. Raises Untrusted."""
    chain = [load(pem) for pem in certificates[: _DEEPEST + 1]]
    if not chain:
        raise Untrusted("the signature has no certificate")
    leaf, rest = chain[0], chain[1:]
    _signer(leaf)
    path, current = [leaf], leaf
    while not any(current == root for root in roots):
        issuer = next(
            (c for c in (*roots, *rest) if c not in path and _issued(current, c, len(path) - 1)), None
        )
        if issuer is None or len(path) > _DEEPEST:
            raise Untrusted(f"{_name(current)} is not issued by a trusted certificate")
        path.append(issuer)
        current = issuer
    try:
        key = PublicKey.of(leaf.public_key())
    except NotAKey as error:
        raise Untrusted(f"the key of {_name(leaf)} cannot be used: {error}") from None
    begins = max(c.not_valid_before_utc for c in path)
    ends = min(c.not_valid_after_utc for c in path)
    return Chain(key, _name(leaf), begins.timestamp(), ends.timestamp())


def _name(certificate: Any) -> str:
    text: str = certificate.subject.rfc4514_string()[:200]
    return text if text.isprintable() else ascii(text)


def _issued(certificate: Any, issuer: Any, below: int) -> bool:
    """Whether `issuer` is a CA that signed it; `below` CAs may stand between it and the signer."""
    from cryptography import x509

    try:
        certificate.verify_directly_issued_by(issuer)
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except Exception:  # a wrong signature, another name, no such extension, a kind of key that is unknown
        return False
    if not basic.ca or (basic.path_length is not None and basic.path_length < below):
        return False
    usage = _extension(issuer, x509.KeyUsage)
    return (usage is None or usage.key_cert_sign) and not _strange(issuer)


def _signer(leaf: Any) -> None:
    from cryptography import x509

    usage, extended = _extension(leaf, x509.KeyUsage), _extension(leaf, x509.ExtendedKeyUsage)
    if usage is not None and not usage.digital_signature:
        raise Untrusted(f"{_name(leaf)} is not for digital signatures (its key usage)")
    purposes = x509.oid.ExtendedKeyUsageOID
    if extended is not None and not {purposes.CODE_SIGNING, purposes.ANY_EXTENDED_KEY_USAGE} & set(extended):
        raise Untrusted(f"{_name(leaf)} is not for signing code (its extended key usage)")
    if _strange(leaf):
        raise Untrusted(f"{_name(leaf)} has a critical extension that is not known here")


def _extension(certificate: Any, kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _strange(certificate: Any) -> bool:
    from cryptography import x509

    known = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
    return any(e.critical and not isinstance(e.value, known) for e in certificate.extensions)


def utc(seconds: float) -> str:
    """UTC as people write it."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s since 1970"
