"""What belongs to an image without being in it: signatures, attestations, bills of materials."""

from collections.abc import Iterable
from concurrent.futures import Executor

from wizard.oci.store import Store

_COSIGN = (".sig", ".att", ".sbom")


def companions(budget: Executor, source: Store, digests: Iterable[str]) -> list[str]:
    """Digests and tags in the source of everything that speaks of these digests.

    OCI 1.1 referrers go by digest, cosign's older tags (`sha256-HEX.sig`) by tag.
    """
    wanted = list(dict.fromkeys(digests))
    lists = budget.map(source.referrers, wanted)
    tags = [f"{digest.replace(':', '-', 1)}{end}" for digest in wanted for end in _COSIGN]
    there = budget.map(source.resolve, tags)
    found = {one.digest: None for page in lists for one in page}
    found.update({tag: None for tag, known in zip(tags, there, strict=True) if known is not None})
    return list(found)
