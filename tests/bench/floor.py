"""The least that a push, or a pull, takes: bytes to or from a registry, and nobody looks at them.

python -S tests/bench/floor.py push HOST REPOSITORY FILE DIGEST
python -S tests/bench/floor.py pull HOST REPOSITORY DIGEST SIZE
"""

import os
import socket
import sys


def main(way: str, host: str, repository: str, *rest: str) -> int:
    """One transfer."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port))) as sock:
        if way == "push":
            return _push(sock, host, repository, *rest)
        return _pull(sock, host, repository, *rest)


def _push(sock: socket.socket, host: str, repository: str, file: str, digest: str) -> int:
    head = f"POST /v2/{repository}/blobs/uploads/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
    sock.sendall(head.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(65536)
    lines = answer.decode().split("\r\n")
    location = next(line[10:] for line in lines if line.lower().startswith("location: "))
    location = location.removeprefix(f"http://{host}")
    joint = "&" if "?" in location else "?"
    with open(file, "rb") as source:
        left = os.fstat(source.fileno()).st_size
        head = f"PUT {location}{joint}digest={digest} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {left}\r\n"
        sock.sendall(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode())
        offset = 0
        while left:
            sent = os.sendfile(sock.fileno(), source.fileno(), offset, left)
            offset, left = offset + sent, left - sent
    return 0 if sock.recv(65536).startswith(b"HTTP/1.1 201") else 1


def _pull(sock: socket.socket, host: str, repository: str, digest: str, size: str) -> int:
    head = f"GET /v2/{repository}/blobs/{digest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    sock.sendall(head.encode())
    got = sock.recv(4096)
    left = int(size) - len(got.partition(b"\r\n\r\n")[2])
    scratch = bytearray(1 << 20)
    while left:
        count = sock.recv_into(scratch, min(left, len(scratch)), socket.MSG_TRUNC)
        if not count:
            return 1
        left -= count
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
