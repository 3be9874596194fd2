"""Limits against abuse, in one place. The defaults suit a registry for a cluster; tests use small ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes.

    `header_time` is for a whole request head (and a TLS handshake), `stall` for the time without one byte in a
    body, `idle` for a connection between requests. A body, up or down, that is slower than `rate` bytes a second
    on average after `patience` seconds is cut. `grace` is what running requests get when the server stops.
    """

    header_time: float = 10.0
    header_bytes: int = 32 * 1024
    idle: float = 60.0
    stall: float = 60.0
    rate: int = 512
    patience: float = 120.0
    grace: float = 10.0
    connections: int = 1000
    threads: int = 128
    uploads: int = 1000
    upload_age: float = 7 * 24 * 3600.0
    drain: int = 256 * 1024
    page: int = 10_000
