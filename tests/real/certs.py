"""A private certificate authority for tests: server certificates with SANs, client certificates."""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class KeyPair:
    """A PEM certificate and its unencrypted PEM key, as files."""

    cert: Path
    key: Path


class Trust:
    """A private CA as clients see it: the file they must trust."""

    def __init__(self, ca_file: Path) -> None:
        self.ca_file = ca_file

    def trusting(self, client: KeyPair | None = None) -> ssl.SSLContext:
        """A client's TLS context that trusts this CA alone and shows CLIENT's certificate if given."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if client:
            context.load_cert_chain(client.cert, client.key)
        return context


class Authority(Trust):
    """A private CA that can issue, and keeps its files in a folder."""

    def __init__(self, folder: Path, name: str = "tests private CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / "ca.crt")
        self.folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self._name, self._name, self._key.public_key(), days=30)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(ca=True), critical=True)
        self._cert = builder.sign(self._key, hashes.SHA256())
        self.ca_file.write_bytes(self._cert.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str, days: int = 7) -> KeyPair:
        """A server certificate for host names and addresses; loopback when none are given.

        A negative DAYS makes one that expired that long ago.
        """
        return self._issue("server", names or LOOPBACK, ExtendedKeyUsageOID.SERVER_AUTH, days)

    def client(self, name: str = "client", days: int = 7) -> KeyPair:
        """A client certificate whose subject is NAME."""
        return self._issue(name, (), ExtendedKeyUsageOID.CLIENT_AUTH, days)

    @cached_property
    def default_server(self) -> KeyPair:
        """One server certificate for loopback, made at first use."""
        return self.server()

    def _issue(self, name: str, sans: tuple[str, ...], usage: x509.ObjectIdentifier, days: int) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, sans[0] if sans else name)])
        builder = _builder(subject, self._name, key.public_key(), days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(ca=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if sans:
            alternatives = x509.SubjectAlternativeName([_general_name(san) for san in sans])
            builder = builder.add_extension(alternatives, critical=False)
        cert = builder.sign(self._key, hashes.SHA256())
        return _write(self.folder, f"{name}-{cert.serial_number:x}", cert, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    end = now + dt.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - dt.timedelta(days=1))
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(folder: Path, stem: str, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    pair = KeyPair(folder / f"{stem}.crt", folder / f"{stem}.key")
    pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pair
