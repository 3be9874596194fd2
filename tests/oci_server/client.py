"""A small HTTP client for the tests: one connection, everything visible."""

import hashlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = b"{}"


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error code of the specification."""
        return str(self.json["errors"][0]["code"])


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """ALGORITHM:HEX."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


class Client:
    """Speaks to one registry over one kept-alive connection."""

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """One request. `path` may be a Location."""
        self._connection.request(method, path, body=body, headers=dict(headers or {}), **more)
        response = self._connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def push_blob(self, repository: str, data: bytes, algorithm: str = "sha256") -> str:
        """POST then PUT; returns the digest."""
        digest = digest_of(data, algorithm)
        begun = self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert begun.status == 202, begun
        done = self.ask("PUT", f"{begun.headers['Location']}?digest={digest}", data)
        assert done.status == 201, done
        return digest

    def push_manifest(
        self, repository: str, reference: str, content: Mapping[str, Any] | bytes, media_type: str = OCI_IMAGE
    ) -> Answer:
        """PUT of a manifest."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.ask("PUT", f"/v2/{repository}/manifests/{reference}", body, {"Content-Type": media_type})

    def push_image(self, repository: str, tag: str, *layers: bytes, **fields: Any) -> str:
        """An image of some layers; returns the manifest's digest."""
        for data in (EMPTY, *layers):
            self.push_blob(repository, data)
        body = json.dumps(image(*layers, **fields)).encode()
        answer = self.push_manifest(repository, tag, body)
        assert answer.status == 201, answer
        assert answer.headers["Docker-Content-Digest"] == digest_of(body)
        return digest_of(body)


def image(*layers: bytes, **fields: Any) -> dict[str, Any]:
    """An OCI image manifest with an empty config."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor("application/vnd.oci.empty.v1+json", EMPTY),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", data) for data in layers],
        **fields,
    }


def descriptor(media_type: str, data: bytes, algorithm: str = "sha256") -> dict[str, Any]:
    """The descriptor of some bytes."""
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data)}
