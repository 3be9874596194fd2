"""The registry itself: from a request to a reply, with no HTTP library in sight.

Source: OCI distribution-spec 1.1. The handlers are in `pull`, `push` and `discovery`.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from wizard.oci.server import discovery, pull, push
from wizard.oci.server.exchange import Reply, Request
from wizard.oci.server.names import Digest, is_repository
from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import Storage, WritableStorage


@dataclass(frozen=True, slots=True)
class Registry:
    """A storage with the API in front of it. `read_only` refuses what changes anything, whatever the storage is."""

    storage: Storage
    read_only: bool = False
    page: int = 10_000

    def writable(self) -> WritableStorage:
        """The storage for a change. Raises Refusal where there can be none."""
        if self.read_only:
            raise Refusal("UNSUPPORTED", "this registry is read-only")
        return cast(WritableStorage, self.storage)

    def handle(self, request: Request) -> Reply:
        """Answer a request. Raises Refusal."""
        try:
            return self._route(request)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Refusal("DENIED", "the registry's storage is full", status=507) from error
            raise

    def _route(self, request: Request) -> Reply:
        if not request.path.startswith("/v2/"):
            if request.path == "/v2":
                return Reply(200, {"Content-Type": "application/json"}, b"{}")
            raise Refusal("NAME_UNKNOWN", "the API is at /v2/")
        parts = request.path[4:].split("/")
        match parts:
            case [""]:
                handlers: Handlers = {"GET": lambda: Reply(200, {"Content-Type": "application/json"}, b"{}")}
            case ["_catalog"]:
                handlers = {"GET": lambda: discovery.catalog(self.storage, request, self.page)}
            case [*name, "blobs", "uploads", upload]:
                handlers = self._uploads(request, "/".join(name), upload)
            case [*name, "blobs", "uploads"]:
                handlers = self._uploads(request, "/".join(name), "")
            case [*name, "blobs", digest]:
                handlers = self._blobs(request, "/".join(name), digest)
            case [*name, "manifests", reference]:
                handlers = self._manifests(request, "/".join(name), reference)
            case [*name, "tags", "list"]:
                repository = self._repository("/".join(name))
                handlers = {"GET": lambda: discovery.tags(self.storage, request, repository, self.page)}
            case [*name, "referrers", digest]:
                repository = self._repository("/".join(name))
                handlers = {
                    "GET": lambda: discovery.referrers(
                        self.storage, request, repository, self._digest(digest)
                    )
                }
            case _:
                raise Refusal("NAME_UNKNOWN", "there is no such endpoint")
        if "GET" in handlers and "HEAD" not in handlers:
            handlers["HEAD"] = handlers["GET"]
        handler = handlers.get(request.method)
        if handler is None:
            allow = {"Allow": ", ".join(sorted(handlers))}
            raise Refusal("UNSUPPORTED", f"{request.method} is not supported here", headers=allow)
        return handler()

    def _uploads(self, request: Request, name: str, upload: str) -> "Handlers":
        repository = self._repository(name)
        if upload == "":
            return {"POST": lambda: push.begin(self.writable(), request, repository)}
        return {
            "GET": lambda: push.status(self.writable(), repository, upload),
            "PATCH": lambda: push.chunk(self.writable(), request, repository, upload),
            "PUT": lambda: push.finish(self.writable(), request, repository, upload),
            "DELETE": lambda: push.cancel(self.writable(), repository, upload),
        }

    def _blobs(self, request: Request, name: str, text: str) -> "Handlers":
        repository, digest = self._repository(name), self._digest(text)
        return {
            "GET": lambda: pull.blob(self.storage, request, repository, digest),
            "DELETE": lambda: push.delete_blob(self.writable(), repository, digest),
        }

    def _manifests(self, request: Request, name: str, reference: str) -> "Handlers":
        repository = self._repository(name)
        return {
            "GET": lambda: pull.manifest(self.storage, request, repository, reference),
            "PUT": lambda: push.manifest(self.writable(), request, repository, reference),
            "DELETE": lambda: push.delete_manifest(self.writable(), repository, reference),
        }

    @staticmethod
    def _repository(name: str) -> str:
        if not is_repository(name):
            raise Refusal("NAME_INVALID", "not a repository name", detail={"name": name[:300]})
        return name

    @staticmethod
    def _digest(text: str) -> Digest:
        digest = Digest.parse(text)
        if digest is None:
            raise Refusal("DIGEST_INVALID", "not a sha256 or sha512 digest", detail={"digest": text[:300]})
        return digest


Handlers = dict[str, Callable[[], Reply]]
