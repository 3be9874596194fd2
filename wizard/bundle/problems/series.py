"""Deltas, receipts, the chain of custody, and install records."""

from collections.abc import Iterable

from wizard.bundle.bom import Step
from wizard.bundle.problems.making import bundle_refused
from wizard.engine.problems import Problem, Remedy


def base_missing(where: str, last: Step, missing: Iterable[str], lost: Iterable[str]) -> Problem:
    """A delta whose base is not there. `lost` are bundles of the series that were never loaded here."""
    absent, between = list(missing), list(lost)
    named = f"; of its series these were never loaded here: {', '.join(between)}" if between else ""
    return bundle_refused(
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
    return bundle_refused(
        "receipt-invalid",
        f"{path} is no receipt that can be relied on",
        why,
        "take the receipt file that `bundle push` wrote on the target, unchanged",
        file=str(path),
    )


def custody_broken(path: object, link: int, why: str) -> Problem:
    """A chain of custody with a gap."""
    return bundle_refused(
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
    return bundle_refused(
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
    return bundle_refused(
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
