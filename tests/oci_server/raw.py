"""A socket for what no HTTP library would send."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def connected(url: str, timeout: float = 20.0) -> Iterator[socket.socket]:
    """A connection to the server."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout) as sock:
        yield sock


def everything(sock: socket.socket) -> bytes:
    """Read until the server closes."""
    data = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            data += piece
    return bytes(data)


def until(sock: socket.socket, mark: bytes) -> bytes:
    """Read until some bytes have come (or the end)."""
    data = bytearray()
    while mark not in data and (piece := sock.recv(65536)):
        data += piece
    return bytes(data)


def exchange(url: str, data: bytes) -> bytes:
    """Send, then read until the server closes."""
    with connected(url) as sock:
        sock.sendall(data)
        return everything(sock)
