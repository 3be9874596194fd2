"""Addresses that registries name (Location, Link, realm): made absolute, or known to be none. Nothing here raises."""

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

_ODD = re.compile(r"[^\x21-\x7e]")
_HOST = re.compile(r"[0-9A-Za-z._:-]+\Z")


def absolute(text: str, base: str = "") -> SplitResult | None:
    """The http(s) address that `text` is where it is said at `base`; None where it is none.

    What may not stand in a request line is percent-encoded, byte by byte, as browsers do.
    """
    text = _ODD.sub(lambda odd: quote(odd[0], encoding="latin-1", errors="replace"), text.strip())
    try:
        url = urlsplit(urljoin(base, text))
        host, port = url.hostname, url.port
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not host or not _HOST.match(host) or port == 0:
        return None
    return url


def origin(url: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port: HOST and HOST:443 are one place over HTTPS."""
    return url.scheme, url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
