"""What a fake registry holds and what it was asked: the state behind tests/oci/fake_registry.py."""

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wizard.oci.sites import Site, Sites


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    scopes: list[str] = field(default_factory=list)
    body_read: int = 0


Act = Callable[[Any], bool | None]
"""Answers a request in the registry's place; returning True lets the registry answer after all."""


@dataclass
class Rule:
    """Weather: `act` for the next `times` requests that match."""

    method: str
    path: re.Pattern[str]
    act: Act
    times: int


class FakeRegistry:
    """State and rules. `host` is the loopback address it answers at."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.owned: dict[str, set[str]] = {}
        self.manifests: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.uploads: dict[str, bytearray] = {}
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self.tokens: set[str] = set()
        self.auth = ""  # "", "basic", "bearer"
        self.users = {"ci": "s3cret-word"}
        self.referrers_api = True
        self.wants_children = True
        self.ranges = True
        self.page = 100
        self.lock = threading.Lock()
        self.sessions: dict[str, threading.Lock] = {}
        self.host = ""
        self._numbers = iter(range(1, 10**9))

    def when(self, method: str, path: str, act: Act, times: int = 1) -> None:
        """Add weather for requests whose method and path (a regular expression) match."""
        self.rules.append(Rule(method, re.compile(path), act, times))

    def seen(self, method: str, path: str = "") -> list[Request]:
        """The requests that matched."""
        return [r for r in self.requests if r.method == method and re.search(path, r.path)]

    def sites(self, **more: Any) -> Sites:
        """Sites under which this registry is `reg.test`."""
        return Sites({"reg.test": Site("reg.test", f"http://{self.host}", **{"anonymous": True, **more})})

    def number(self) -> str:
        """A fresh name."""
        with self.lock:
            return str(next(self._numbers))

    def put_image(self, repository: str, tag: str, body: bytes, media_type: str) -> str:
        """Place a manifest without asking any question."""
        digest = sha256(body)
        self.manifests[repository, digest] = (body, media_type)
        self.tags[repository, tag] = digest
        return digest

    def put_blob(self, repository: str, data: bytes) -> dict[str, Any]:
        """Place a blob."""
        digest = sha256(data)
        self.blobs[digest] = data
        self.owned.setdefault(repository, set()).add(digest)
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}


def sha256(data: bytes) -> str:
    """The digest of data."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
