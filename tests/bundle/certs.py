"""X.509 for signers: a CA, an intermediate, and a leaf, with whatever is to be wrong with them."""

import datetime
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.keys.public import PublicKey

NOW = datetime.datetime.now(datetime.UTC)


def at(days: float) -> datetime.datetime:
    return NOW + datetime.timedelta(days=days)


@dataclass
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def signer(self) -> PrivateKey:
        return PrivateKey(PublicKey.of(self.key.public_key()), self.key)


def issue(
    name: str,
    issuer: Holder | None = None,
    *,
    ca: bool = False,
    begins: float = -10,
    ends: float = 100,
    path: int | None = None,
    usage: Any = None,
    purposes: Any = None,
    strange: bool = False,
    curve: Any = None,
) -> Holder:
    """A certificate, self-signed where it has no issuer."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at(begins))
        .not_valid_after(at(ends))
        .add_extension(x509.BasicConstraints(ca, path if ca else None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if strange:
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
        builder = builder.add_extension(odd, critical=True)
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def key_usage(*, digital: bool = True, cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(digital, False, False, False, False, cert_sign, False, False, False)
