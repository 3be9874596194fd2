"""The trust policy: authorities, their keys and certificates with dates, and who must have signed.

    apiVersion: airgap-wizard/trust/v1
    authorities:
      vendor:                    # must be there, and must always have signed (S2.18)
        keys:
          - file: vendor.pub     # or pem: | …
            notBefore: 2026-01-01
            notAfter: 2027-12-31 # a bare key has no date of its own, so this must be given (S2.20)
        certificates:
          - file: vendor-ca.pem  # a CA, or the signer's own certificate: its dates are inside
        threshold: 1             # so many different keys of it must have signed
      site:
        required: true
        keys: [{file: site.pub, notAfter: 2027-12-31}]
    revoked: [SHA256:…]

Files are taken from the policy's folder. Nothing is fetched, ever (S2.17).
"""

import datetime
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.bundle import problems
from wizard.bundle.keys import certificates
from wizard.bundle.keys.public import NotAKey, PublicKey, read_small
from wizard.bundle.trust.document import Misread, Node
from wizard.oci.digest import digest_of

API = "airgap-wizard/trust/v1"
VENDOR = "vendor"
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A bare key with the dates that the policy gives it (UTC seconds; `not_after` is the first moment after)."""

    key: PublicKey
    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class Authority:
    """Somebody who signs. `roots` are certificates: a CA, or the signer's own."""

    name: str
    required: bool
    threshold: int
    keys: tuple[TrustedKey, ...]
    roots: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `written` is the file's time: no clock may be far before it."""

    path: Path
    authorities: tuple[Authority, ...]
    revoked: frozenset[str]
    digest: str
    written: float

    def names(self) -> Iterator[str]:
        """Authorities and the fingerprints of their keys, for messages."""
        for authority in self.authorities:
            for trusted in authority.keys:
                yield f"{authority.name} {trusted.key.fingerprint[:23]}…"
            for root in authority.roots:
                yield f"{authority.name} (certificates of {root.subject.rfc4514_string()[:80]})"


def read_policy(path: Path | None) -> Policy:
    """Raises Problem `trust-missing` where there is none (S2.16), `trust-policy-invalid`, `key-unusable`."""
    if path is None:
        raise problems.no_trust("no trust policy is named")
    try:
        with path.open("rb") as file:
            text = file.read(2 * 1024 * 1024)
            written = os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise problems.no_trust(str(error), path) from None
    try:
        return _policy(path, Node.load(text), digest_of(text), written)
    except Misread as fault:
        raise problems.policy_invalid(path, fault.line, fault.why) from None


def _policy(path: Path, top: Node, digest: str, written: float) -> Policy:
    top.need("apiVersion").word(API)
    found = [_authority(path.parent, name, node.mapping()) for name, node in top.need("authorities").items()]
    revoked = [node.text() for node in node.list()] if (node := top.take("revoked")) else []
    top.end()
    for text in revoked:
        if not text.startswith("SHA256:") or len(text) != 71:
            raise Misread(
                node.line if node else 0, f"revoked: {text!r} is no fingerprint (SHA256: and 64 digits)"
            )
    owners: dict[str, str] = {}
    for authority in found:
        for trusted in authority.keys:
            owner = owners.setdefault(trusted.key.fingerprint, authority.name)
            if owner != authority.name:
                raise top.fault(
                    f"gives {owner} and {authority.name} one key: one signature would count for both"
                )
    if VENDOR not in [authority.name for authority in found]:
        raise top.fault(f"names no authority {VENDOR!r}, whose signature is always needed")
    return Policy(path, tuple(found), frozenset(revoked), digest, written)


def _authority(folder: Path, name: str, node: Node) -> Authority:
    required = (found.word("true", "false") == "true") if (found := node.take("required")) else name == VENDOR
    if name == VENDOR and not required:
        raise node.fault("is not required; the vendor's signature always is (S2.18)")
    threshold = found.number() if (found := node.take("threshold")) else 1
    keys = tuple(_key(folder, one) for one in found.list()) if (found := node.take("keys")) else ()
    roots = (
        tuple(c for one in found.list() for c in _roots(folder, one))
        if (found := node.take("certificates"))
        else ()
    )
    node.end()
    if not keys and not roots:
        raise node.fault("has no keys and no certificates")
    if len({trusted.key.fingerprint for trusted in keys}) != len(keys):
        raise node.fault("names one key twice")
    if required and not roots and threshold > len(keys):
        raise node.fault(f"wants {threshold} signatures and has {len(keys)} keys")
    return Authority(name, required, threshold, keys, roots)


def _key(folder: Path, node: Node) -> TrustedKey:
    text, path = _text(folder, node.mapping())
    begins = _moment(found, end=False) if (found := node.take("notBefore")) else 0.0
    ends = _moment(node.need("notAfter"), end=True)
    node.end()
    if begins >= ends:
        raise node.fault("has notBefore after notAfter")
    try:
        return TrustedKey(PublicKey.from_pem(text), begins, ends)
    except NotAKey as error:
        raise node.fault(f"({path}) cannot be used: {error}") from None


def _roots(folder: Path, node: Node) -> list[Any]:
    text, path = _text(folder, node.mapping())
    node.end()
    try:
        found = certificates.load_all(text)
    except certificates.Untrusted as error:
        raise node.fault(f"({path}) cannot be used: {error}") from None
    if not found:
        raise node.fault(f"({path}) has no certificate in it")
    return found


def _text(folder: Path, node: Node) -> tuple[bytes, str]:
    inline = node.take("pem")
    if inline is not None:
        return inline.text().encode(), "inline"
    name = node.need("file").text()
    try:
        return read_small(folder / Path(name).expanduser()), name
    except OSError as error:
        raise node.fault(f"cannot be read: {error}") from None


def _moment(node: Node, *, end: bool) -> float:
    """A day (from its beginning, or to its end) or an RFC 3339 moment, in UTC."""
    text = node.text()
    try:
        if len(text) == 10:
            day = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()
            return day + _DAY if end else day
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise node.fault(f"is {text!r}; write a day, like 2027-12-31, or 2027-12-31T12:00:00Z") from None
    if moment.tzinfo is None:
        raise node.fault(f"is {text!r}, without a time zone; write a Z at its end for UTC")
    return moment.timestamp()
