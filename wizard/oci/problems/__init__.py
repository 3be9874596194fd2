"""Registry errors as families: each a Problem with a stable code, the object's full name, and what to do.

Everything here is made of three facts: which host, what was asked of it, and the registry's own words.
"""

from wizard.oci.problems.answers import broken, from_answer, is_html, refused_credentials, words
from wizard.oci.problems.content import (
    blob_not_found,
    damaged,
    digest_mismatch,
    docker_types,
    index_incomplete,
    layout_invalid,
    manifest_invalid,
    manifest_too_large,
    media_type_unknown,
    platform_invalid,
    platform_not_found,
    schema1,
    tag_not_found,
    truncated,
)
from wizard.oci.problems.local import credential_helper, disk_full, docker_config, folder_unwritable, tls_file
from wizard.oci.problems.way import from_os_error, proxy, redirect, stalled

__all__ = [
    "blob_not_found",
    "broken",
    "credential_helper",
    "damaged",
    "digest_mismatch",
    "disk_full",
    "docker_config",
    "docker_types",
    "folder_unwritable",
    "from_answer",
    "from_os_error",
    "index_incomplete",
    "is_html",
    "layout_invalid",
    "manifest_invalid",
    "manifest_too_large",
    "media_type_unknown",
    "platform_invalid",
    "platform_not_found",
    "proxy",
    "redirect",
    "refused_credentials",
    "schema1",
    "stalled",
    "tag_not_found",
    "tls_file",
    "truncated",
    "words",
]
