"""What belongs to an image without being in it: signatures, attestations, bills of materials."""

from collections.abc import Iterable
from concurrent.futures import Executor

from wizard.oci.store import Store

_COSIGN = (".sig", ".att", ".sbom")


def companions(budget: Executor, source: Store, digests: Iterable[str]) -> list[tuple[str, str]]:
    """(ref in the source, tag in the target or its digest) of everything that speaks of these digests.

    OCI 1.1 referrers go by digest, cosign's older tags (`sha256-HEX.sig`) by tag.
    """
    wanted = list(dict.fromkeys(digests))
    lists = [budget.submit(source.referrers, digest) for digest in wanted]
    tags = [f"{digest.replace(':', '-', 1)}{end}" for digest in wanted for end in _COSIGN]
    there = [(tag, budget.submit(source.resolve, tag)) for tag in tags]
    found = {one.digest: (one.digest, one.digest) for future in lists for one in future.result()}
    found.update({tag: (tag, tag) for tag, future in there if future.result() is not None})
    return list(found.values())
