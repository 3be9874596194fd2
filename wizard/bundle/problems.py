"""What can be wrong with a bundle, its volumes, signatures and trust: one function a code.

A bundle that is refused is a failed check (exit 3); what was typed wrongly is exit 2.
"""

from collections.abc import Iterable
from pathlib import Path

from wizard.bundle.bom import Step
from wizard.engine.problems import Problem, Remedy

_AGAIN = "copy it from its source again; the source's own copy can be checked with the same command"


def _refused(code: str, title: str, detail: str, *remedies: Remedy | str, **evidence: object) -> Problem:
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=dict(evidence), exit_code=3)


def _usage(code: str, title: str, detail: str, *remedies: Remedy | str, **evidence: object) -> Problem:
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=dict(evidence), exit_code=2)


# --- the file


def not_found(path: object, why: str) -> Problem:
    """There is no file, or it cannot be opened."""
    return _usage(
        "bundle-not-found",
        f"there is no bundle at {path}",
        why,
        Remedy("check the path, and that the medium is mounted", f"ls -l {path}"),
        file=str(path),
    )


def not_a_bundle(where: str, why: str) -> Problem:
    """The first bytes are not those of a bundle."""
    return _refused(
        "bundle-not-one",
        f"{where} is not a bundle of this program",
        f"{why}; nothing else of it was read",
        "name the .airgap file, or the .volumes file beside its volumes",
        file=where,
    )


def malformed(where: str, why: str) -> Problem:
    """A bundle whose structure is not what its bill of materials says."""
    return _refused(
        "bundle-malformed",
        f"the bundle {where} is not built as its bill of materials says",
        f"{why}; nothing of it was used",
        _AGAIN,
        file=where,
    )


def truncated(where: str, expected: int, got: int, entry: str) -> Problem:
    """A bundle that is too short or too long. Sizes in bytes."""
    how = f"{expected - got} bytes are missing" if got < expected else f"{got - expected} bytes are too many"
    return _refused(
        "bundle-truncated",
        f"the bundle {where} has not the size it must have",
        f"expected {expected} bytes, it has {got}: {how}"
        + (f", from inside {entry} on" if entry else "")
        + "; nothing of it was used",
        "the copy was broken off, or something was appended: " + _AGAIN,
        file=where,
        expected=expected,
        got=got,
    )


def blob_damaged(where: str, path: str, expected: str, got: str) -> Problem:
    """A blob that is not what the bill of materials says."""
    return _refused(
        "bundle-blob-damaged",
        f"{path} in {where} is not what the signed bill of materials says",
        f"expected {expected}, got {got}; nothing of it was kept, and nothing after it was used",
        "a bad medium, a broken copy, or tampering: " + _AGAIN,
        file=where,
        entry=path,
        expected=expected,
        got=got,
    )


def bom_invalid(where: str, why: str) -> Problem:
    """A bill of materials that says what none may say."""
    return _refused(
        "bundle-bom-invalid",
        f"the bill of materials of {where} is not valid",
        f"{why}; nothing of the bundle was used",
        "whoever made the bundle has to make it again",
        file=where,
    )


def lacks(where: str, wanted: str, has: Iterable[str]) -> Problem:
    """The bundle does not carry what is asked for."""
    listed = ", ".join(has) or "nothing of that kind"
    return _refused(
        "bundle-lacks",
        f"the bundle {where} does not carry {wanted}",
        f"it carries {listed}",
        "name what it carries in the answers (the references of `stage` and `install` must be the same)",
        "or make a bundle that has it: `airgap-wizard bundle create`",
        file=where,
        wanted=wanted,
    )


# --- volumes


def volume_missing(name: str, place: str, others: Iterable[str], looked: Iterable[str]) -> Problem:
    """A volume that nobody can find. `place` is "3 of 5"."""
    missing = list(others)
    return Problem(
        "volume-missing",
        f"volume {place}, {name}, is not here",
        detail=f"looked in {', '.join(looked)}"
        + (f"; also missing: {', '.join(missing)}" if missing else ""),
        remedies=(
            Remedy(
                "insert the medium that has it and run the same command again: what was loaded stays loaded"
            ),
            Remedy("name further folders with --media DIR, or wait for media with --wait"),
        ),
        evidence={"volume": name, "missing": [name, *missing]},
    )


def volume_damaged(path: object, name: str, expected: str, got: str, is_really: str = "") -> Problem:
    """A volume that is not the one its index describes."""
    what = f"it is {is_really}" if is_really else "a bad medium, a broken copy, or tampering"
    return _refused(
        "volume-damaged",
        f"{path} is not volume {name} as the signed index says",
        f"expected {expected}, got {got}: {what}; the other volumes are not affected",
        f"copy {name} again, just that one, and run the same command",
        file=str(path),
        volume=name,
        expected=expected,
        got=got,
    )


def index_invalid(path: object, why: str) -> Problem:
    """An index of volumes that cannot be used."""
    return _refused(
        "volumes-index-invalid",
        f"{path} is not an index of volumes that can be trusted",
        why,
        "copy the .volumes file again; `bundle split` makes it",
        file=str(path),
    )


def size_invalid(text: str, why: str) -> Problem:
    """A size on the command line."""
    return _usage(
        "size-invalid",
        f"{text!r} is no size for volumes",
        why,
        "write for example 4GB, 3900MB, 700MiB or 16GiB; `fat32` means the most that FAT32 takes",
    )


# --- keys and signatures


def key_unusable(path: object, why: str, *more: str) -> Problem:
    """A key or certificate file that cannot be used."""
    return _usage(
        "key-unusable",
        f"the key {path} cannot be used",
        why,
        *more,
        Remedy("make a pair of keys", "airgap-wizard keys generate --output PREFIX"),
        file=str(path),
    )


def key_exists(path: Path) -> Problem:
    """A key is never overwritten."""
    return _usage(
        "key-exists",
        f"{path} is there already",
        "a key that was used for signing must not be lost by accident",
        "choose another --output, or move the old pair away",
        file=str(path),
    )


def password_wrong(path: object) -> Problem:
    """The password does not open the key."""
    return _usage(
        "key-password-wrong",
        f"the password does not open the key {path}",
        "the key file is encrypted and what came out is not a key; or the file is damaged",
        Remedy("name where the password is", "--password env:NAME, file:PATH or prompt"),
        file=str(path),
    )


def signatures_full(where: str, room: int) -> Problem:
    """No more room for signatures."""
    return _usage(
        "signatures-full",
        f"there is no room for another signature in {where}",
        f"all signatures and certificates together may have {room} bytes",
        "sign without a long certificate chain, or replace a signature by signing with the same key again",
        file=where,
    )


# --- trust


def no_trust(why: str, path: object = "") -> Problem:
    """There is nobody to trust: nothing starts."""
    return _usage(
        "trust-missing",
        "no trusted key: no bundle is opened" + (f" ({path})" if path else ""),
        f"{why}. A loader that goes on without a trusted key has no signatures at all (S2.16)",
        Remedy("name a trust policy", "airgap-wizard bundle verify FILE --trust POLICY.yaml"),
        Remedy("see its form", "airgap-wizard explain trust-missing"),
        file=str(path),
    )


def policy_invalid(path: object, line: int, why: str) -> Problem:
    """A trust policy that is not one."""
    return _usage(
        "trust-policy-invalid",
        f"{path}:{line}: {why}" if line else f"{path}: {why}",
        "a policy that is read wrongly would trust the wrong people, so nothing is guessed",
        Remedy("see its form", "airgap-wizard explain trust-policy-invalid"),
        file=str(path),
        line=line,
    )


def clock(now: str, floor: str, why: str) -> Problem:
    """The clock of this machine cannot be right."""
    return _refused(
        "clock-implausible",
        f"the clock of this machine says {now}, which cannot be",
        f"{why} ({floor}); expiry cannot be judged with it, so no signature is accepted",
        Remedy("set the clock, then run the same command again", "date --utc --set 'YYYY-MM-DD HH:MM'"),
        now=now,
        floor=floor,
    )


def unsigned(where: str) -> Problem:
    """No signature at all."""
    return _refused(
        "bundle-unsigned",
        f"{where} has no signature",
        "an unsigned bundle is never opened; nothing after its bill of materials was read",
        Remedy("let whoever made it sign it", "airgap-wizard bundle sign FILE --key KEY"),
        file=where,
    )


def signer_unknown(where: str, found: Iterable[str], trusted: Iterable[str], policy: object) -> Problem:
    """Signed, but by nobody who is trusted."""
    return _refused(
        "bundle-signer-unknown",
        f"{where} is signed by nobody whom {policy} trusts",
        f"signed by {'; '.join(found)}. Trusted: {'; '.join(trusted)}",
        "compare the fingerprints with whoever made the bundle, by another way than the medium it came on",
        "only then add the key to the trust policy",
        file=where,
    )


def signature_wrong(where: str, who: str) -> Problem:
    """A trusted key's signature that does not fit the bytes."""
    return _refused(
        "bundle-signature-wrong",
        f"the signature of {who} does not fit {where}",
        "what was signed was changed afterwards, or the signature was damaged; nothing of it was used",
        "do not use it: ask whoever made it for another copy, and find out what happened to this one",
        file=where,
    )


def key_expired(where: str, who: str, until: str, now: str, skew: str) -> Problem:
    """A signature by a key past its time."""
    return _refused(
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
    return _refused(
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
    return _refused(
        "bundle-key-revoked",
        f"the key of {who} that signed {where} is revoked",
        f"the trust policy lists {fingerprint} under revoked",
        "ask the authority for a bundle signed with its current key",
        file=where,
    )


def authority_missing(where: str, who: str, needed: int, has: int, accepted: Iterable[str]) -> Problem:
    """An authority that must sign has not."""
    return _refused(
        "bundle-authority-missing",
        f"{where} lacks the signature of the authority {who}",
        f"the trust policy wants {needed} of its keys, {has} signed; accepted: {', '.join(accepted) or 'none'}",
        Remedy("let that authority sign as well", "airgap-wizard bundle sign FILE --key KEY"),
        file=where,
        authority=who,
    )


# --- deltas


def base_missing(where: str, last: Step, missing: Iterable[str], lost: Iterable[str]) -> Problem:
    """A delta whose base is not there. `lost` are bundles of the series that were never loaded here."""
    absent, between = list(missing), list(lost)
    named = f"; of its series these were never loaded here: {', '.join(between)}" if between else ""
    return _refused(
        "bundle-base-missing",
        f"the delta {where} builds on {last.name} {last.version}, and that is not in the registry",
        f"{len(absent)} blobs that it leaves out are missing, the first is {absent[0] if absent else '-'}"
        + named
        + "; nothing was written",
        f"load {between[0] if between else f'{last.name} {last.version}'} first, then this one",
        "or ask for a full bundle (`bundle create` without --base)",
        file=where,
        base=last.bom,
        missing=absent[:20],
        lost=between,
    )


def receipt_invalid(path: object, why: str) -> Problem:
    """A receipt that proves nothing."""
    return _refused(
        "receipt-invalid",
        f"{path} is no receipt that can be relied on",
        why,
        "take the receipt file that `bundle push` wrote on the target, unchanged",
        file=str(path),
    )


def custody_broken(path: object, link: int, why: str) -> Problem:
    """A chain of custody with a gap."""
    return _refused(
        "custody-broken",
        f"the chain of custody {path} is broken" + (f" at link {link}" if link else ""),
        why,
        "ask the last holder who is named before it for the chain as it was handed over",
        "the bundle itself is judged by its signatures: `airgap-wizard bundle verify`",
        file=str(path),
        link=link,
    )


def record_invalid(where: object, why: str) -> Problem:
    """An install record that proves nothing."""
    return _refused(
        "record-invalid",
        f"{where} is no install record that can be relied on",
        why,
        Remedy(
            "prove the install again, and have the record written anew",
            "airgap-wizard verify --answers-file F --set media.key=KEY",
        ),
        file=str(where),
    )


def record_unsigned(where: object) -> Problem:
    """An install record that anybody could have written."""
    return _refused(
        "record-unsigned",
        f"{where} is signed by nobody",
        "whoever may write there could have written it; no key was named (media.key) when the install was proved",
        "in a run folder the signed one is install-record.signed.json",
        Remedy(
            "prove the install again, and have the record signed",
            "airgap-wizard verify --answers-file F --set media.key=KEY",
        ),
        file=str(where),
    )
