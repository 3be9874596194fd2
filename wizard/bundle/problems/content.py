"""The file itself: what it is not, what it lacks, what was changed in it."""

from collections.abc import Iterable

from wizard.bundle.problems.making import AGAIN, bundle_refused, bundle_usage
from wizard.engine.problems import Problem, Remedy


def not_found(path: object, why: str) -> Problem:
    """There is no file, or it cannot be opened."""
    return bundle_usage(
        "bundle-not-found",
        f"there is no bundle at {path}",
        why,
        Remedy("check the path, and that the medium is mounted", f"ls -l {path}"),
        file=str(path),
    )


def not_a_bundle(where: str, why: str) -> Problem:
    """The first bytes are not those of a bundle."""
    return bundle_refused(
        "bundle-not-one",
        f"{where} is not a bundle of this program",
        f"{why}; nothing else of it was read",
        "name the .airgap file, or the .volumes file beside its volumes",
        file=where,
    )


def malformed(where: str, why: str) -> Problem:
    """A bundle whose structure is not what its bill of materials says."""
    return bundle_refused(
        "bundle-malformed",
        f"the bundle {where} is not built as its bill of materials says",
        f"{why}; nothing of it was used",
        AGAIN,
        file=where,
    )


def truncated(where: str, expected: int, got: int, entry: str) -> Problem:
    """A bundle that is too short or too long. Sizes in bytes."""
    how = f"{expected - got} bytes are missing" if got < expected else f"{got - expected} bytes are too many"
    return bundle_refused(
        "bundle-truncated",
        f"the bundle {where} has not the size it must have",
        f"expected {expected} bytes, it has {got}: {how}"
        + (f", from inside {entry} on" if entry else "")
        + "; nothing of it was used",
        "the copy was broken off, or something was appended: " + AGAIN,
        file=where,
        expected=expected,
        got=got,
    )


def blob_damaged(where: str, path: str, expected: str, got: str) -> Problem:
    """A blob that is not what the bill of materials says."""
    return bundle_refused(
        "bundle-blob-damaged",
        f"{path} in {where} is not what the signed bill of materials says",
        f"expected {expected}, got {got}; nothing of it was kept, and nothing after it was used",
        "a bad medium, a broken copy, or tampering: " + AGAIN,
        file=where,
        entry=path,
        expected=expected,
        got=got,
    )


def bom_invalid(where: str, why: str) -> Problem:
    """A bill of materials that says what none may say."""
    return bundle_refused(
        "bundle-bom-invalid",
        f"the bill of materials of {where} is not valid",
        f"{why}; nothing of the bundle was used",
        "whoever made the bundle has to make it again",
        file=where,
    )


def lacks(where: str, wanted: str, has: Iterable[str]) -> Problem:
    """The bundle does not carry what is asked for."""
    listed = ", ".join(has) or "nothing of that kind"
    return bundle_refused(
        "bundle-lacks",
        f"the bundle {where} does not carry {wanted}",
        f"it carries {listed}",
        "name what it carries in the answers (the references of `stage` and `install` must be the same)",
        "or make a bundle that has it: `airgap-wizard bundle create`",
        file=where,
        wanted=wanted,
    )


def file_unreadable(path: object, why: str) -> Problem:
    """A file that was to be carried."""
    return bundle_usage(
        "file-not-readable",
        f"{path} cannot be read",
        why,
        Remedy("correct media.files in the answers", f"ls -l {path}"),
        file=str(path),
        field="media.files",
    )
