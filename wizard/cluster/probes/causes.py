"""Why an image was not pulled, or a pod did not start, out of the runtime's words (containerd, CRI-O, the API)."""

import re

_CAUSES = {
    "admission": r"violates podsecurity|admission webhook|exceeded quota|is forbidden:",
    "client-certificate": r"tls: (certificate required|bad certificate)",
    "unknown-authority": r"x509|certificate|unknown authority",
    "plain-http": r"server gave http response to https client",
    "refused-credentials": r"\b401\b|unauthorized|authentication required|no basic auth|authorization failed",
    "forbidden": r"\b403\b|denied: |insufficient_scope|access forbidden",
    "wrong-architecture": r"no match for platform|exec format error|no matching manifest",
    "name-unknown": r"no such host|name or service not known|server misbehaving|\blookup ",
    "not-found": r"not found|manifest unknown|\b404\b|name unknown",
    "refused": r"connection refused",
    "unreachable": r"no route to host|network is unreachable",
    "timeout": r"time ?out|timed out|deadline exceeded|was not running after",
    "rate-limited": r"\b429\b|too many requests",
    "no-space": r"no space left",
    "unschedulable": r"insufficient |didn't match|untolerated taint|outof(cpu|memory|pods)",
}
CAUSES = tuple(_CAUSES)


_IMAGE = re.compile(r"errimagepull|imagepullbackoff|failed to pull|pulling image", re.IGNORECASE)


def about_image(words: str) -> bool:
    """Whether the words are about an image that did not come: then they say nothing of anything else."""
    return bool(_IMAGE.search(words))


def pull_cause(words: str) -> str:
    """One of CAUSES, or `other`."""
    text = words.lower()
    return next((name for name, mark in _CAUSES.items() if re.search(mark, text)), "other")
