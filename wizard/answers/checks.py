"""Small checks on single values: each returns "" or what was expected, as one phrase with an example."""

import datetime
import re
from collections.abc import Iterable

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_HOST = re.compile(
    r"(?=.{1,255}(:|\Z))([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*(:\d{1,5})?\Z"
    r"|\[[0-9a-fA-F:.]+\](:\d{1,5})?\Z"
)
_PATH = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\Z")
_IMAGE = re.compile(
    r"(?P<host>[^/\s]+)/(?P<path>[^:@\s]+)(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64})?\Z"
)
_MODEL = re.compile(r"([A-Za-z0-9][\w.-]*/){0,2}[A-Za-z0-9][\w.-]*(:[A-Za-z0-9_][\w.-]*)?\Z")
_QUANTITY = re.compile(r"\d+(\.\d+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?\Z")
_DURATION = re.compile(r"(\d+h)?(\d+m)?(\d+s)?\Z")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?\Z")
_PUBLIC = (
    "docker.io",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "k8s.io",
    "ollama.ai",
    "ollama.com",
    "public.ecr.aws",
    "mcr.microsoft.com",
)


def dns_label(value: str) -> str:
    """RFC 1123 label: what a namespace or a Service may be called."""
    return "" if _LABEL.match(value) else "a name of at most 63 lower-case letters, digits and '-'"


def dns_subdomain(value: str) -> str:
    """RFC 1123 subdomain: what a StorageClass or a Secret may be called."""
    ok = 0 < len(value) <= 253 and all(_LABEL.match(part) for part in value.split("."))
    return "" if ok else "a name of lower-case letters, digits, '-' and '.'"


def release_name(value: str) -> str:
    """A Helm release: a label of at most 53 characters, since Helm adds to it."""
    return (
        ""
        if _LABEL.match(value) and len(value) <= 53
        else "a name of at most 53 lower-case letters, digits and '-'"
    )


def internal_host(value: str) -> str:
    """A registry inside the perimeter: a host, and none of the public ones (S1.2, S2.24)."""
    name = value.lower().partition(":")[0]
    if any(name == host or name.endswith(f".{host}") for host in _PUBLIC):
        return "the registry inside your perimeter, not a public one; images.* says where images come from"
    return registry_host(value)


def registry_host(value: str) -> str:
    """A registry's host with an optional port: no scheme, no path."""
    if "://" in value:
        return "a host without a scheme, like registry.internal.example:5000 (plain HTTP is plainHttp: true)"
    if "/" in value:
        return "a host without a path, like registry.internal.example (the path is registry.prefix)"
    port = re.search(r":(\d+)\Z", value)
    ok = _HOST.match(value) and (not port or 0 < int(port[1]) < 65536)
    return "" if ok else "a host name with an optional port, like registry.internal.example:5000"


def repository_prefix(value: str) -> str:
    """A repository path as the distribution spec writes it."""
    return "" if _PATH.match(value) else "lower-case path components, like opencost-ai or team/opencost-ai"


def image_reference(value: str) -> str:
    """A fully named reference: host, path, and a tag or a digest."""
    found = _IMAGE.match(value)
    if not found or not _PATH.match(found["path"]):
        return "a full reference with its registry, like docker.io/ollama/ollama:0.30.8"
    host = found["host"]
    if not _HOST.match(host):  # before anything is repeated: it may be user:password@host
        return "a registry's host name before the first '/', like docker.io/ollama/ollama:0.30.8"
    if "." not in host and ":" not in host and host != "localhost":
        return f"a full reference that begins with a registry, like docker.io/{value}"
    return "" if found["tag"] or "@" in value else f"a tag or a digest at the end, like {value}:0.1.0"


def platforms(value: str) -> str:
    """`all`, or os/arch[/variant]."""
    return "" if value == "all" or _PLATFORM.match(value) else "all, or os/architecture, like linux/arm64"


def model_name(value: str) -> str:
    """A model as Ollama names it."""
    return "" if _MODEL.match(value) else "a model's name and tag, like granite4.1:8b"


def quantity(value: str) -> str:
    """A Kubernetes quantity of bytes."""
    return "" if _QUANTITY.match(value) else "a Kubernetes quantity, like 20Gi"


def duration(value: str) -> str:
    """A duration as Helm takes it."""
    ok = _DURATION.match(value) and re.search(r"[1-9]", value)
    return "" if ok else "a duration above nothing, like 5m or 1h30m"


def day(value: str) -> str:
    """A calendar day as ISO 8601 writes it."""
    try:
        ok = len(value) == 10 and bool(datetime.date.fromisoformat(value))
    except ValueError:
        ok = False
    return "" if ok else "a day written YYYY-MM-DD, like 2027-01-31"


def user_name(value: str) -> str:
    """A user name that HTTP basic authentication can carry (RFC 7617: no colon)."""
    return "a user name without ':', like airgap" if ":" in value else ""


def question(value: str) -> str:
    """Something to ask."""
    return "" if value.strip() else "a question, like what did i spend yesterday?"


def exception(value: str) -> str:
    """A reference and the reason why it is not carried."""
    reference, because, reason = value.partition(" because ")
    ok = bool(because and reason.strip()) and " " not in reference.strip() and bool(reference.strip())
    return (
        ""
        if ok
        else "REFERENCE because REASON, like docker.io/library/busybox:1.36 because only a test uses it"
    )


def host_port(value: str) -> str:
    """HOST:PORT with a port from 1 to 65535."""
    host, _, port = value.rpartition(":")
    ok = bool(host) and port.isdigit() and 0 < int(port) < 65536 and bool(_HOST.match(host))
    return "" if ok else "HOST:PORT, like 1.1.1.1:443 or [2606:4700:4700::1111]:443"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was most likely meant to be, or ""."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""
