"""What belongs to an image without being in it: signatures, attestations, bills of materials."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor

from wizard.oci.store import Store

_COSIGN = (".sig", ".att", ".sbom")


def companions(budget: Executor, source: Store, digests: Iterable[str]) -> dict[str, str]:
    """Digests and tags in the source of everything that speaks of these digests, and the subject ("" for a tag).

    OCI 1.1 referrers go by digest, cosign's older tags (`sha256-HEX.sig`) by tag.
    """
    wanted = list(dict.fromkeys(digests))
    lists = budget.map(source.referrers, wanted)
    tags = [f"{digest.replace(':', '-', 1)}{end}" for digest in wanted for end in _COSIGN]
    there = budget.map(source.resolve, tags)
    found = {one.digest: subject for subject, page in zip(wanted, lists, strict=True) for one in page}
    found.update({tag: "" for tag, known in zip(tags, there, strict=True) if known is not None})
    return found


def relist(found: Mapping[str, str], source: Store, target: Store) -> None:
    """List at the target what it has and does not list: a run that was killed between the two left it so.

    Only where the client keeps the list (a registry without the referrers API) is there such a moment.
    """
    for subject in dict.fromkeys(filter(None, found.values())):
        listed = {one.digest for one in target.referrers(subject)}
        for ref in [ref for ref, of in found.items() if of == subject and ref not in listed]:
            target.put_manifest(source.manifest(ref))
