"""The registries as the simulated cluster's nodes and pods see them: real requests to loopback."""

import json
from collections.abc import Callable
from typing import Any

from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.oci.manifest import Manifest
from wizard.oci.reference import Reference
from wizard.oci.retry import Retries
from wizard.oci.sites import Site as Registry
from wizard.oci.sites import Sites
from wizard.oci.store import Store
from wizard.oci.transport import Transport
from wizard.rehearsal.site import APP, NotPulled, Pulled

Credentials = tuple[str, str] | None


class Nodes:
    """The registries as the simulated cluster's nodes and pods see them (`wizard.rehearsal.site.Registries`)."""

    def __init__(self, base: Callable[[str], str]) -> None:
        self._base = base
        self._transports: dict[tuple[str, Credentials], Transport] = {}

    def _transport(self, host: str, credentials: Credentials) -> Transport:
        key = (host, credentials)
        if key not in self._transports:
            user, password = credentials or ("", "")
            site = Registry(
                host,
                self._base(host),
                username=user,
                password=Secret(password) if credentials else None,
                anonymous=credentials is None,
            )
            self._transports[key] = Transport(Sites({host: site}), retries=Retries(tries=1), environ={})
        return self._transports[key]

    def repository(self, name: str, credentials: Credentials) -> Store:
        """HOST/REPOSITORY as a store."""
        reference = Reference.parse(name)
        return self._transport(reference.registry, credentials).repository(reference)

    def pull(self, image: str, arch: str, credentials: Credentials) -> Pulled:
        """Fetch the manifest for an architecture and the image's config. Raises NotPulled."""
        try:
            reference = Reference.parse(image)
            store = self._transport(reference.registry, credentials).repository(reference)
            root = store.manifest(reference.ref)
            manifest = _for(root, arch, store, image)
            assert manifest.config is not None
            config = b""
            with store.open_blob(manifest.config) as reader:
                buffer = memoryview(bytearray(1 << 16))
                while count := reader.readinto(buffer):
                    config += bytes(buffer[:count])
            found: dict[str, Any] = json.loads(config)
        except Problem as problem:
            raise NotPulled(_words(problem, image)) from None
        described = found.get("config") or {}
        app = (described.get("Labels") or {}).get(APP, "other")
        total = sum(layer.size for layer in manifest.layers)
        return Pulled(root.digest, app, str(described.get("User") or "0"), total)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()


def _for(root: Manifest, arch: str, store: Store, image: str) -> Manifest:
    if not root.is_index:
        return root
    for entry in root.data["manifests"]:
        platform = entry.get("platform") or {}
        if platform.get("architecture") == arch and platform.get("os", "linux") == "linux":
            return store.manifest(entry["digest"])
    raise NotPulled(f"{image}: no match for platform in manifest: not found")


def _words(problem: Problem, image: str) -> str:
    """A registry's refusal in containerd's words."""
    host = image.partition("/")[0]
    match problem.code:
        case "tag-not-found" | "blob-not-found" | "registry-not-found":
            return f"{image}: not found"
        case "registry-refused-credentials":
            return (
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request"
                f" to https://{host}/v2/: 401 Unauthorized"
            )
        case "registry-forbidden":
            return f"unexpected status from HEAD request to https://{host}/v2/: 403 Forbidden"
        case "registry-refused":
            return f'failed to do request: Head "https://{host}/v2/": dial tcp: connect: connection refused'
    return f"{problem.title}: {problem.detail}"
