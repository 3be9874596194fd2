"""The least that a transfer takes: no check for what is there, no error handling, no try again.

python -S tests/bench/floor.py push HOST REPOSITORY FILE DIGEST
python -S tests/bench/floor.py pull HOST REPOSITORY DIGEST SIZE
python -S tests/bench/floor.py copy hashed|unhashed SOURCE TARGET REPOSITORY…

Nobody looks at the bytes of a push or a pull. A copy has one process per platform, so that nothing waits for
anything; its unhashed bytes are spliced from socket to socket.
"""

import json
import os
import socket
import sys
from hashlib import sha256

_PIECE = 1 << 17
_DISCARD = 1 << 20
_OCI = "application/vnd.oci.image."
_ACCEPT = f"Accept: {_OCI}index.v1+json, {_OCI}manifest.v1+json\r\n"


class Line:
    """A connection to a registry that answers as it should."""

    def __init__(self, host: str) -> None:
        name, _, port = host.partition(":")
        self.host = host
        self.sock = socket.create_connection((name, int(port)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, fields: str = "", body: bytes | None = b"") -> tuple[str, bytes]:
        """Head of the answer and what came with it; a `body` of None is sent by the caller, who then calls `hear`."""
        accept = _ACCEPT if "/manifests/" in path and method == "GET" else ""
        length = "" if body is None or method == "GET" else f"Content-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{accept}{length}{fields}\r\n"
        self.sock.sendall(head.encode() + (body or b""))
        return ("", b"") if body is None else self.hear()

    def hear(self) -> tuple[str, bytes]:
        """Head of the next answer, and what came of its body."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.sock.recv(4096)
        head, _, rest = got.partition(b"\r\n\r\n")
        return head.decode(), rest

    def document(self, path: str) -> bytes:
        """A whole small body."""
        head, body = self.ask("GET", path)
        while len(body) < int(field(head, "content-length")):
            body += self.sock.recv(65536)
        return body


def field(head: str, name: str) -> str:
    """The value of a field."""
    lines = head.split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.lower().startswith(name + ":"))


def _begin(target: Line, repository: str, digest: str, size: int) -> None:
    """Open an upload and send the head of the PUT that ends it: so many bytes have to follow."""
    head, _ = target.ask("POST", f"/v2/{repository}/blobs/uploads/")
    there = field(head, "location").removeprefix(f"http://{target.host}")
    joint = "&" if "?" in there else "?"
    target.ask("PUT", f"{there}{joint}digest={digest}", f"Content-Length: {size}\r\n", None)


def _created(head: str) -> None:
    if not head.startswith("HTTP/1.1 201"):
        raise SystemExit(head)


def _push(target: Line, repository: str, file: str, digest: str) -> None:
    with open(file, "rb") as source:
        offset, size = 0, os.fstat(source.fileno()).st_size
        _begin(target, repository, digest, size)
        while offset < size:
            offset += os.sendfile(target.sock.fileno(), source.fileno(), offset, size - offset)
    _created(target.hear()[0])


def _pull(source: Line, repository: str, digest: str, size: int) -> None:
    _, first = source.ask("GET", f"/v2/{repository}/blobs/{digest}")
    left, scratch = size - len(first), bytearray(_DISCARD)
    while left:
        count = source.sock.recv_into(scratch, min(left, len(scratch)), socket.MSG_TRUNC)
        if not count:
            raise SystemExit("the registry closed early")
        left -= count


def _blob(source: Line, target: Line, repository: str, digest: str, size: int, hashed: bool) -> None:
    _begin(target, repository, digest, size)
    _, first = source.ask("GET", f"/v2/{repository}/blobs/{digest}")
    target.sock.sendall(first)
    left = size - len(first)
    if hashed:
        running, scratch = sha256(first), memoryview(bytearray(_PIECE))
        while left:
            count = source.sock.recv_into(scratch, min(left, _PIECE), socket.MSG_WAITALL)
            running.update(scratch[:count])
            target.sock.sendall(scratch[:count])
            left -= count
        if running.hexdigest() != digest[7:]:
            raise SystemExit("wrong bytes")
    else:
        out, end = os.pipe()
        while left:
            count = os.splice(source.sock.fileno(), end, min(left, 1 << 16))
            left -= count
            while count:
                count -= os.splice(out, target.sock.fileno(), count)
        os.close(out)
        os.close(end)
    _created(target.hear()[0])


def _platform(source_host: str, target_host: str, repository: str, digest: str, hashed: bool) -> None:
    source, target = Line(source_host), Line(target_host)
    body = source.document(f"/v2/{repository}/manifests/{digest}")
    manifest = json.loads(body)
    for one in sorted([manifest["config"], *manifest["layers"]], key=lambda one: -one["size"]):
        _blob(source, target, repository, one["digest"], one["size"], hashed)
    _put(target, repository, digest, manifest["mediaType"], body)


def _put(target: Line, repository: str, ref: str, kind: str, body: bytes) -> None:
    head, _ = target.ask("PUT", f"/v2/{repository}/manifests/{ref}", f"Content-Type: {kind}\r\n", body)
    _created(head)


def _copy(way: str, source_host: str, target_host: str, *repositories: str) -> int:
    """Copy tag 1 of these repositories; 0 where the target took everything."""
    source, roots, workers = Line(source_host), {}, []
    for repository in repositories:
        roots[repository] = source.document(f"/v2/{repository}/manifests/1")
        for child in json.loads(roots[repository])["manifests"]:
            pid = os.fork()
            if not pid:
                try:
                    _platform(source_host, target_host, repository, child["digest"], way == "hashed")
                except BaseException as error:
                    sys.stderr.write(f"{error!r}\n")
                    os._exit(1)
                os._exit(0)
            workers.append(pid)
    worst = max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers)
    target = Line(target_host)
    for repository, body in roots.items():
        _put(target, repository, "1", json.loads(body)["mediaType"], body)
    return worst


def main(way: str, *rest: str) -> int:
    """One transfer; the exit code is 0 where the registry took or gave everything."""
    if way == "push":
        host, repository, file, digest = rest
        _push(Line(host), repository, file, digest)
        return 0
    if way == "pull":
        host, repository, digest, size = rest
        _pull(Line(host), repository, digest, int(size))
        return 0
    return _copy(*rest)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
