"""Which names make a value a secret, and which only look like it."""

import re
from itertools import pairwise

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SECRET = {
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "authorization",
    "auth",
    "bearer",
    "cookie",
    "htpasswd",
    "dockerconfigjson",
    "dockercfg",
    "identitytoken",
    "registrytoken",
    "connectionstring",
}
_PAIRS = {
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("client", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("account", "key"),
    ("key", "data"),
}
_REASONS = {"failed", "missing", "invalid", "unable", "no"}
"""How an event's reason begins: `FailedToRetrieveImagePullSecret: …` is a sentence, and no assignment."""
_LAST_HARMLESS = {
    # what stands for a secret, or is measured of one
    "name", "namespace", "ref", "file", "path", "mount", "url", "uri", "type", "names", "count", "status",
    "expiration", "seconds", "enabled", "required", "exists", "missing", "create", "mode", "host", "hosts", "id",
}  # fmt: skip
_HARMLESS = {
    "existingSecret",
    "secretKey",
    "secretKeyRef",
    "secretName",
    "imagePullSecrets",
    "pullSecret",
    "pull_secret",
    "tokenSecret",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "automountServiceAccountToken",
    "token-missing",
    "token-secret-missing",
    "pull-secret-missing",
}
_PROSE = {
    "true", "false", "null", "none", "prompt", "missing", "basic", "bearer", "optional",
    # "failed to fetch anonymous token: unexpected status": a sentence goes on
    "unexpected", "failed", "failure", "invalid", "unauthorized", "forbidden", "unable", "error", "expired", "denied",
    "made", "kept", "cannot", "there",
}  # fmt: skip
QUERY = frozenset({"query", "question", "prompt", "expect", "answer", "question_text", "user_query"})
"""What somebody asked, and what came back: the site's own business."""


def secretive(name: str) -> bool:
    """Whether a value under this name is to be taken for a secret."""
    if name in _HARMLESS:
        return False
    parts = [part.lower() for part in _PARTS.findall(name)]
    if not parts or parts[-1] in _LAST_HARMLESS or parts[0] in _REASONS:
        return False
    if any(part in _SECRET for part in parts):
        return True
    return any(pair in _PAIRS for pair in pairwise(parts))


def harmless_value(value: str) -> bool:
    """References to secrets, switches and what was taken out already."""
    text = value.strip().strip("\"'")
    return (
        len(text) < 4
        or text.lower() in _PROSE
        or text.startswith(("env:", "file:", "[redacted", "$(", "${", "/"))
    )
