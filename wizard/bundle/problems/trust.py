"""Keys, signatures, and who is trusted."""

from collections.abc import Iterable
from pathlib import Path

from wizard.bundle.problems.making import bundle_refused, bundle_usage
from wizard.engine.problems import Problem, Remedy


def key_unusable(path: object, why: str, *more: str) -> Problem:
    """A key or certificate file that cannot be used."""
    return bundle_usage(
        "key-unusable",
        f"the key {path} cannot be used",
        why,
        *more,
        Remedy("make a pair of keys", "airgap-wizard keys generate --output PREFIX"),
        file=str(path),
    )


def key_exists(path: Path) -> Problem:
    """A key is never overwritten."""
    return bundle_usage(
        "key-exists",
        f"{path} is there already",
        "a key that was used for signing must not be lost by accident",
        "choose another --output, or move the old pair away",
        file=str(path),
    )


def password_wrong(path: object) -> Problem:
    """The password does not open the key."""
    return bundle_usage(
        "key-password-wrong",
        f"the password does not open the key {path}",
        "the key file is encrypted and what came out is not a key; or the file is damaged",
        Remedy("name where the password is", "--password env:NAME, file:PATH or prompt"),
        file=str(path),
    )


def signatures_full(where: str, room: int) -> Problem:
    """No more room for signatures."""
    return bundle_usage(
        "signatures-full",
        f"there is no room for another signature in {where}",
        f"all signatures and certificates together may have {room} bytes",
        "sign without a long certificate chain, or replace a signature by signing with the same key again",
        file=where,
    )


def no_trust(why: str, path: object = "") -> Problem:
    """There is nobody to trust: nothing starts."""
    return bundle_usage(
        "trust-missing",
        "no trusted key: no bundle is opened" + (f" ({path})" if path else ""),
        f"{why}. A loader that goes on without a trusted key has no signatures at all (S2.16)",
        Remedy("name a trust policy", "airgap-wizard bundle verify FILE --trust POLICY.yaml"),
        Remedy("see its form", "airgap-wizard explain trust-missing"),
        file=str(path),
    )


def policy_invalid(path: object, line: int, why: str) -> Problem:
    """A trust policy that is not one."""
    return bundle_usage(
        "trust-policy-invalid",
        f"{path}:{line}: {why}" if line else f"{path}: {why}",
        "a policy that is read wrongly would trust the wrong people, so nothing is guessed",
        Remedy("see its form", "airgap-wizard explain trust-policy-invalid"),
        file=str(path),
        line=line,
    )


def clock(now: str, floor: str, why: str) -> Problem:
    """The clock of this machine cannot be right."""
    return bundle_refused(
        "clock-implausible",
        f"the clock of this machine says {now}, which cannot be",
        f"{why} ({floor}); expiry cannot be judged with it, so no signature is accepted",
        Remedy("set the clock, then run the same command again", "date --utc --set 'YYYY-MM-DD HH:MM'"),
        now=now,
        floor=floor,
    )


def unsigned(where: str) -> Problem:
    """No signature at all."""
    return bundle_refused(
        "bundle-unsigned",
        f"{where} has no signature",
        "an unsigned bundle is never opened; nothing after its bill of materials was read",
        Remedy("let whoever made it sign it", "airgap-wizard bundle sign FILE --key KEY"),
        file=where,
    )


def signer_unknown(where: str, found: Iterable[str], trusted: Iterable[str], policy: object) -> Problem:
    """Signed, but by nobody who is trusted."""
    return bundle_refused(
        "bundle-signer-unknown",
        f"{where} is signed by nobody whom {policy} trusts",
        f"signed by {'; '.join(found)}. Trusted: {'; '.join(trusted)}",
        "compare the fingerprints with whoever made the bundle, by another way than the medium it came on",
        "only then add the key to the trust policy",
        file=where,
    )


def signature_wrong(where: str, who: str) -> Problem:
    """A trusted key's signature that does not fit the bytes."""
    return bundle_refused(
        "bundle-signature-wrong",
        f"the signature of {who} does not fit {where}",
        "what was signed was changed afterwards, or the signature was damaged; nothing of it was used",
        "do not use it: ask whoever made it for another copy, and find out what happened to this one",
        file=where,
    )


def key_expired(where: str, who: str, until: str, now: str, skew: str) -> Problem:
    """A signature by a key past its time."""
    return bundle_refused(
        "bundle-key-expired",
        f"the key of {who} that signed {where} is past its time",
        f"it was valid until {until}, and it is {now}" + skew,
        Remedy("let the authority sign again with its new key", "airgap-wizard bundle sign FILE --key KEY"),
        file=where,
        notAfter=until,
        now=now,
    )


def key_early(where: str, who: str, since: str, now: str, skew: str) -> Problem:
    """A signature by a key before its time."""
    return bundle_refused(
        "bundle-key-not-yet-valid",
        f"the key of {who} that signed {where} is not valid yet",
        f"it is valid from {since} on, and this machine says it is {now}" + skew,
        Remedy("check the clock of this machine first", "date --utc"),
        file=where,
        notBefore=since,
        now=now,
    )


def key_revoked(where: str, who: str, fingerprint: str) -> Problem:
    """A key that the policy lists as revoked."""
    return bundle_refused(
        "bundle-key-revoked",
        f"the key of {who} that signed {where} is revoked",
        f"the trust policy lists {fingerprint} under revoked",
        "ask the authority for a bundle signed with its current key",
        file=where,
    )


def authority_missing(where: str, who: str, needed: int, has: int, accepted: Iterable[str]) -> Problem:
    """An authority that must sign has not."""
    return bundle_refused(
        "bundle-authority-missing",
        f"{where} lacks the signature of the authority {who}",
        f"the trust policy wants {needed} of its keys, {has} signed; accepted: {', '.join(accepted) or 'none'}",
        Remedy("let that authority sign as well", "airgap-wizard bundle sign FILE --key KEY"),
        file=where,
        authority=who,
    )
