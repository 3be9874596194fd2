"""Is there anything to do at all? Asked before anything is imported, of registries that speak plain HTTP.

A mirror that runs every night mostly finds all in place, and then starting Python and importing an HTTP client is
most of what it costs. This module needs neither: it sends small requests over a bare socket, many before the first
answer, and says "all is there" only where it has seen that it is, down to the last blob. Whatever is unusual (a
login, a redirect, another status, a manifest that has to be parsed to be understood) is left to copy.py, which asks
again: this module never decides that something is wrong, and never writes.

It imports nothing that Python has not loaded by itself: no dataclasses, typing, re, json, socket.
"""

import _socket

try:
    from _sha256 import sha256  # type: ignore[import-not-found]  # a third of what loading OpenSSL takes; 3.11 alone has it
except ImportError:
    from hashlib import sha256

from wizard import __version__
from wizard.oci import media

_PATIENCE = 5.0  # seconds for each reply; whoever is slower is asked again, patiently
_BATCH = 64  # requests that are sent before their replies are read: they fit any socket's buffer
_MOST = 5000  # questions
_LARGEST = 4 * 1024 * 1024  # bytes of a manifest, and of a reply's head together with what follows it

Pair = tuple[str, str, str, str, str, str]
"""Host, repository and tag of the source, and of the target."""


class _Doubt(Exception):
    """Something is not as simple as it has to be here."""


class _Line:
    """A connection to one host; replies come in the order of the requests."""

    def __init__(self, host: str) -> None:
        name, _, port = host.rpartition(":")
        self._host = host.encode()
        # bytes: a host name as text would load the tables of international names
        family, kind, proto, _, address = _socket.getaddrinfo(name.encode(), port, 0, _socket.SOCK_STREAM)[0]
        self._socket = _socket.socket(family, kind, proto)
        self._data = bytearray()
        try:
            self._socket.settimeout(_PATIENCE)
            self._socket.connect(address)
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except BaseException:
            self._socket.close()
            raise

    def send(self, asks: list[tuple[str, str]]) -> None:
        """Send requests: method and path each."""
        tail = b" HTTP/1.1\r\nHost: %s\r\nUser-Agent: airgap-wizard/%s\r\nAccept: %s\r\n\r\n" % (
            self._host,
            __version__.encode(),
            media.ACCEPT.encode(),
        )
        self._socket.sendall(b"".join(f"{method} {path}".encode() + tail for method, path in asks))

    def reply(self, method: str) -> tuple[bytes, bytes]:
        """Head (in lower case) and body of the next reply. Raises _Doubt where it is not a plain 200."""
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            self._more()
        head = bytes(self._data[: end + 2]).lower()
        if not head.startswith(b"http/1.1 200 ") or b"\r\nconnection: close\r\n" in head:
            raise _Doubt
        end += 4
        if method == "HEAD":
            del self._data[:end]
            return head, b""
        length = field(head, b"content-length")
        if not length.isdigit() or len(length) > 7 or b"-encoding:" in head:
            raise _Doubt
        stop = end + int(length)
        while len(self._data) < stop:
            self._more()
        body = bytes(self._data[end:stop])
        del self._data[:stop]
        return head, body

    def _more(self) -> None:
        piece = self._socket.recv(64 * 1024)
        if not piece or len(self._data) > _LARGEST:
            raise _Doubt
        self._data += piece

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class _Lines:
    """One connection per host."""

    def __init__(self) -> None:
        self._known: dict[str, _Line] = {}
        self._asked = 0

    def ask(self, asks: list[tuple[str, str, str]]) -> list[tuple[bytes, bytes]]:
        """The replies to these questions: host, method and path each. Raises _Doubt, OSError."""
        self._asked += len(asks)
        if self._asked > _MOST:
            raise _Doubt
        replies = []
        for start in range(0, len(asks), _BATCH):
            batch = asks[start : start + _BATCH]
            for host in {host: None for host, _, _ in batch}:
                if host not in self._known:
                    self._known[host] = _Line(host)
                self._known[host].send([(method, path) for at, method, path in batch if at == host])
            replies += [self._known[host].reply(method) for host, method, _ in batch]
        return replies

    def close(self) -> None:
        """Close all."""
        for line in self._known.values():
            line.close()


def unchanged(pairs: list[Pair]) -> list[tuple[str, int]] | None:
    """The digest and the number of blobs of every image, where every target has all of what its source names.

    None where something is missing, or differs, or cannot be told this way. Hosts are HOST:PORT, without TLS.
    """
    lines = _Lines()
    try:
        return _look(lines, pairs)
    except (_Doubt, OSError, ValueError):
        return None
    finally:
        lines.close()


def _look(lines: _Lines, pairs: list[Pair]) -> list[tuple[str, int]]:
    asks = []
    for host, name, tag, there, target, label in pairs:
        asks.append((host, "GET", f"/v2/{name}/manifests/{tag}"))
        asks.append((there, "HEAD", f"/v2/{target}/manifests/{label}"))
    replies = lines.ask(asks)
    roots: list[str] = []
    blobs: list[dict[str, int]] = []
    below: dict[tuple[str, str, str], list[int]] = {}  # manifests under an index, and whose they are
    for number, (_, _, _, there, target, _) in enumerate(pairs):
        (head, body), (known, _) = replies[2 * number : 2 * number + 2]
        digest = "sha256:" + sha256(body).hexdigest()
        if field(known, b"docker-content-digest") != digest.encode():
            raise _Doubt
        if field(head, b"docker-content-digest") not in (b"", digest.encode()):
            raise _Doubt
        roots.append(digest)
        blobs.append({})
        kind = field(head, b"content-type").decode("latin-1")
        if kind in media.INDEXES:
            for child in digests(body):
                below.setdefault((there, target, child), []).append(number)
        elif kind in media.MANIFESTS:
            blobs[number] = sizes(body)
        else:
            raise _Doubt
    # from the target: that they can be read there is what is to be shown
    found = lines.ask([(host, "GET", f"/v2/{name}/manifests/{digest}") for host, name, digest in below])
    for ((_, _, digest), numbers), (head, body) in zip(below.items(), found, strict=True):
        kind = field(head, b"content-type").decode("latin-1")
        if kind not in media.MANIFESTS or digest != "sha256:" + sha256(body).hexdigest():
            raise _Doubt
        for number in numbers:
            blobs[number].update(sizes(body))
    wanted = {
        (pair[3], pair[4], blob): size
        for pair, named in zip(pairs, blobs, strict=True)
        for blob, size in named.items()
    }
    seen = lines.ask([(host, "HEAD", f"/v2/{name}/blobs/{digest}") for host, name, digest in wanted])
    for size, (head, _) in zip(wanted.values(), seen, strict=True):
        if field(head, b"content-length") != b"%d" % size:
            raise _Doubt
    return [(root, len(named)) for root, named in zip(roots, blobs, strict=True)]


def field(head: bytes, name: bytes) -> bytes:
    """The value of a field of a head in lower case; b"" where there is none, or more than one."""
    _, found, rest = head.partition(b"\r\n" + name + b":")
    if not found or b"\r\n" + name + b":" in rest:
        return b""
    return rest.partition(b"\r\n")[0].strip()


def sizes(body: bytes) -> dict[str, int]:
    """Every digest that a manifest names, with its size: the n-th of one belongs to the n-th of the other.

    Raises _Doubt as `digests`, and where there are more of one than of the other, or a size is no plain number.
    """
    named = digests(body)
    said = [part.lstrip().removeprefix(b":").lstrip()[:20] for part in body.split(b'"size"')[1:]]
    if len(named) != len(said):
        raise _Doubt
    found: dict[str, int] = {}
    for digest, text in zip(named, said, strict=True):
        plain = text.replace(b"}", b",").partition(b",")[0].rstrip()
        if not plain.isdigit() or len(plain) > 18:
            raise _Doubt
        found[digest] = int(plain)
    return found


def digests(body: bytes) -> list[str]:
    """Every digest that a manifest names, in order, without parsing it: rather one too many (it will be missed) than one too few.

    Raises _Doubt where text could hide one (escapes), where a layer may be elsewhere, and where there is none.
    """
    if b"\\" in body or b'"urls"' in body:
        raise _Doubt
    found: list[str] = []
    for part in body.split(b'"digest"')[1:]:
        colon, value = part.lstrip()[:1], part.lstrip()[1:].lstrip()[:73]
        digest = value[1:72]
        plain = value[:1] + value[72:] == b'""' and digest.startswith(b"sha256:")
        if colon != b":" or not plain or digest[7:].strip(b"0123456789abcdef"):
            raise _Doubt
        found.append(digest.decode())
    if not found:
        raise _Doubt
    return found
