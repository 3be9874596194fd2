"""What can be wrong with a bundle, its volumes, signatures and trust: one function a code.

A bundle that is refused is a failed check (exit 3); what was typed wrongly is exit 2.
"""

from wizard.bundle.problems.content import (
    blob_damaged,
    bom_invalid,
    file_unreadable,
    lacks,
    malformed,
    not_a_bundle,
    not_found,
    truncated,
)
from wizard.bundle.problems.series import (
    base_missing,
    custody_broken,
    receipt_invalid,
    record_invalid,
    record_unsigned,
)
from wizard.bundle.problems.trust import (
    authority_missing,
    clock,
    key_early,
    key_exists,
    key_expired,
    key_revoked,
    key_unusable,
    no_trust,
    password_wrong,
    policy_invalid,
    signature_wrong,
    signatures_full,
    signer_unknown,
    unsigned,
)
from wizard.bundle.problems.volumes import index_invalid, size_invalid, volume_damaged, volume_missing

__all__ = [
    "authority_missing",
    "base_missing",
    "blob_damaged",
    "bom_invalid",
    "clock",
    "custody_broken",
    "file_unreadable",
    "index_invalid",
    "key_early",
    "key_exists",
    "key_expired",
    "key_revoked",
    "key_unusable",
    "lacks",
    "malformed",
    "no_trust",
    "not_a_bundle",
    "not_found",
    "password_wrong",
    "policy_invalid",
    "receipt_invalid",
    "record_invalid",
    "record_unsigned",
    "signature_wrong",
    "signatures_full",
    "signer_unknown",
    "size_invalid",
    "truncated",
    "unsigned",
    "volume_damaged",
    "volume_missing",
]
