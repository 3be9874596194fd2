"""Images that cosign signed, judged by the trust policy: the resolver's `Accept` where a bundle's rules hold.

The same authorities, thresholds, dates and revocations as for bundles (S2.17–S2.20). A cosign signature names no
key, so each key of the policy is tried; a signature made with a certificate carries it along.
"""

import base64
import time
from collections.abc import Iterator

from wizard.bundle import problems
from wizard.bundle.keys.public import ECDSA, ED25519
from wizard.bundle.signatures import Signature
from wizard.bundle.trust import audit
from wizard.bundle.trust.clock import Clock
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.engine.problems import Problem
from wizard.oci.manifest import Manifest
from wizard.oci.signed import Claim, claims
from wizard.oci.store import Store

_TOLD = ("bundle-key-revoked", "bundle-key-expired", "bundle-key-not-yet-valid")
"""What is worth telling of a signature that does not count; that it is by somebody else's key is not."""


class SignedImages:
    """Accepts what every required authority of the policy has signed. What was accepted is put on record (S2.19)."""

    def __init__(self, policy: Policy, clock: Clock = time.time) -> None:
        self._policy, self._clock = policy, clock

    def __call__(self, store: Store, manifest: Manifest) -> str:
        """Who signed it ("vendor SHA256:…"), "" where nobody did who is trusted.

        Raises Problem `bundle-key-expired`, `bundle-key-revoked`, `bundle-key-not-yet-valid`,
        `bundle-authority-missing`, `clock-implausible`.
        """
        where = f"{store.name}@{manifest.digest}"
        accepted: dict[tuple[str, str], Accepted] = {}
        faults: list[Problem] = []
        for claim in claims(store, manifest.digest):
            if claim.digest != manifest.digest:
                continue
            for signature in self._possible(claim):
                try:
                    found = accept(
                        where, claim.signed, [signature], self._policy, self._clock(), partial=True
                    )
                except Problem as problem:
                    if problem.code == "clock-implausible":
                        raise
                    faults += [problem] if problem.code in _TOLD else []
                else:
                    accepted.update({(one.authority, one.fingerprint): one for one in found})
        self._complete(where, accepted, faults)
        if accepted and not audit.recorded(manifest.digest, self._policy.digest):
            audit.record(f"image {store.name}", manifest.digest, self._policy.digest, list(accepted.values()))
        return ", ".join(f"{authority} {print_}" for authority, print_ in sorted(accepted))

    def _possible(self, claim: Claim) -> Iterator[Signature]:
        """The claim's signature under every name that the policy could know it by."""
        encoded = base64.b64encode(claim.signature).decode()
        for authority in self._policy.authorities:
            for trusted in authority.keys:
                yield Signature(trusted.key.fingerprint, trusted.key.algorithm, encoded)
        if claim.certificates:
            for algorithm in (ECDSA, ED25519):
                yield Signature("", algorithm, encoded, certificates=claim.certificates)

    def _complete(self, where: str, accepted: dict[tuple[str, str], Accepted], faults: list[Problem]) -> None:
        """Raises where a required authority is missing, or its key does not count; not where nobody signed at all."""
        for authority in self._policy.authorities:
            have = sum(name == authority.name for name, _ in accepted)
            if authority.required and have < authority.threshold and (accepted or faults):
                if faults:
                    raise faults[0]
                names = [f"{name} {print_[:23]}…" for name, print_ in accepted]
                raise problems.authority_missing(where, authority.name, authority.threshold, have, names)
