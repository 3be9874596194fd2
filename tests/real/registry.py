"""A running registry as tests see it: where it is, how to trust it, and a small HTTP client of its own.

The client is plain `http.client` and knows nothing of the product's transport, so that tests do not check
the product against itself.
"""

import base64
import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.real.certs import KeyPair, Trust

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True)
class Reply:
    """A whole HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Registry:
    """A registry that runs now.

    `host` is HOST:PORT as it stands in references; `storage` its folder; `authority` the private CA when it
    speaks TLS, `client` the certificate it asks of clients; `user` and `password` when it wants basic auth.
    """

    kind: str
    host: str
    storage: Path
    log: Path
    authority: Trust | None = None
    client: KeyPair | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def scheme(self) -> str:
        """http or https."""
        return "https" if self.authority else "http"

    @property
    def ca_file(self) -> Path | None:
        """The CA file a client must trust; None for plain HTTP."""
        return self.authority.ca_file if self.authority else None

    def reference(self, repository: str, target: str = "") -> str:
        """HOST/REPOSITORY with :TAG or @DIGEST."""
        joint = "@" if ":" in target else ":"
        return f"{self.host}/{repository}" + (f"{joint}{target}" if target else "")

    def anonymous(self) -> "Registry":
        """The same registry seen by a client without password."""
        return replace(self, user="", password="")

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Reply:
        """One request on a connection of its own; PATH starts with / (or is an absolute URL of this host)."""
        path = path.removeprefix(f"{self.scheme}://{self.host}")
        sent = dict(headers or {})
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent.setdefault("Authorization", f"Basic {pair}")
        connection = self._connection(context)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            content = response.read()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
        finally:
            connection.close()

    def manifest(self, repository: str, target: str) -> Reply:
        """GET a manifest by tag or digest; the header docker-content-digest carries its digest."""
        accept = {"Accept": ", ".join(MANIFEST_TYPES)}
        return self.request("GET", f"/v2/{repository}/manifests/{target}", headers=accept)

    def blob(self, repository: str, digest: str) -> Reply:
        """GET a whole blob."""
        return self.request("GET", f"/v2/{repository}/blobs/{digest}")

    def has_blob(self, repository: str, digest: str) -> bool:
        """HEAD says whether the blob is there."""
        return self.request("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200

    def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted; none where there is no such repository."""
        reply = self.request("GET", f"/v2/{repository}/tags/list")
        return sorted(reply.json().get("tags") or []) if reply.status == 200 else []

    def _connection(self, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
        if not self.authority:
            return http.client.HTTPConnection(self.host, timeout=60)
        trusting = context or self.authority.trusting(self.client)
        return http.client.HTTPSConnection(self.host, timeout=60, context=trusting)
