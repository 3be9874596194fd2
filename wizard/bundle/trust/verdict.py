"""The verdict over a document's signatures: accepted by whom, or a Problem that says what is wrong with the nearest one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wizard.bundle import problems
from wizard.bundle.keys import certificates
from wizard.bundle.keys.certificates import utc
from wizard.bundle.keys.public import PublicKey
from wizard.bundle.signatures import Signature
from wizard.bundle.trust.clock import plausible, skew
from wizard.bundle.trust.policy import Authority, Policy
from wizard.engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Accepted:
    """One accepted signature. `subject` is the certificate's name, "" for a bare key; `until` is UTC seconds."""

    authority: str
    fingerprint: str
    algorithm: str
    subject: str
    until: float

    def __str__(self) -> str:
        name = f" ({self.subject})" if self.subject else ""
        return f"{self.authority} {self.fingerprint}{name}, {self.algorithm}, valid until {utc(self.until)}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A signature that a trusted key, or chain, of an authority could have made."""

    authority: Authority
    key: PublicKey
    subject: str
    begins: float
    ends: float


def accept(
    where: str,
    data: bytes,
    signatures: Sequence[Signature],
    policy: Policy,
    now: float,
    *,
    partial: bool = False,
) -> tuple[Accepted, ...]:
    """Who signed exactly these bytes. Every required authority must have, with as many keys as it must.

    `partial` is content with any one trusted signature (an index of volumes, a receipt). Raises Problem
    `bundle-unsigned`, `bundle-signer-unknown`, `bundle-signature-wrong`, `bundle-key-expired`,
    `bundle-key-not-yet-valid`, `bundle-key-revoked`, `bundle-authority-missing`, `clock-implausible`.
    """
    plausible(now)
    if not signatures:
        raise problems.unsigned(where)
    accepted: list[Accepted] = []
    faults: dict[str, list[Problem]] = {}
    strangers: list[str] = []
    for signature in signatures:
        candidates, why = _candidates(signature, policy)
        if not candidates:
            strangers.append(signature.title + (f": {why}" if why else ""))
        for found in candidates:
            fault = _judge(where, data, signature, found, policy, now)
            if fault is not None:
                faults.setdefault(found.authority.name, []).append(fault)
                continue
            print_ = found.key.fingerprint
            accepted.append(
                Accepted(found.authority.name, print_, found.key.algorithm, found.subject, found.ends)
            )
    if not accepted and not faults:
        raise problems.signer_unknown(where, strangers, policy.names(), policy.path)
    every = [fault for found in faults.values() for fault in found]
    if partial:
        # one is enough: whose signature is missing besides is no reason for a refusal, and would hide the real one
        if accepted:
            return tuple(accepted)
        raise _worst(every)
    for authority in policy.authorities:
        mine = {one.fingerprint for one in accepted if one.authority == authority.name}
        if authority.required and len(mine) < authority.threshold:
            if authority.name in faults:
                raise _worst(faults[authority.name])
            names = [f"{one.authority} {one.fingerprint[:23]}…" for one in accepted]
            raise problems.authority_missing(where, authority.name, authority.threshold, len(mine), names)
    if not accepted:
        raise _worst(every)
    return tuple(accepted)


def _candidates(signature: Signature, policy: Policy) -> tuple[list[_Candidate], str]:
    found: list[_Candidate] = []
    why = ""
    for authority in policy.authorities:
        found += (
            _Candidate(authority, trusted.key, "", trusted.not_before, trusted.not_after)
            for trusted in authority.keys
            if trusted.key.fingerprint == signature.fingerprint
        )
        if authority.roots and signature.certificates:
            try:
                chain = certificates.follow(signature.certificates, authority.roots)
            except certificates.Untrusted as error:
                why = why or str(error)
                continue
            found.append(_Candidate(authority, chain.key, chain.subject, chain.not_before, chain.not_after))
    return found, why


def _judge(
    where: str, data: bytes, signature: Signature, found: _Candidate, policy: Policy, now: float
) -> Problem | None:
    who = f"the authority {found.authority.name}" + (f" ({found.subject})" if found.subject else "")
    key = found.key
    if key.algorithm != signature.algorithm or not key.fits(signature.signature, data):
        return problems.signature_wrong(where, f"{who}, {key.fingerprint[:23]}…")
    if key.fingerprint in policy.revoked:
        return problems.key_revoked(where, who, key.fingerprint)
    if now >= found.ends:
        return problems.key_expired(where, who, utc(found.ends), utc(now), skew(now, policy))
    if now < found.begins:
        return problems.key_early(where, who, utc(found.begins), utc(now), skew(now, policy))
    return None


_ORDER = ("bundle-signature-wrong", "bundle-key-revoked", "bundle-key-expired", "bundle-key-not-yet-valid")


def _worst(faults: Iterable[Problem]) -> Problem:
    return min(faults, key=lambda fault: _ORDER.index(fault.code))
