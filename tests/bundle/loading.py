"""A registry of our own to load into, and what is in it, byte by byte."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wizard.bundle.archive.opening import Bundle
from wizard.bundle.push import Pusher
from wizard.oci.reference import Reference
from wizard.oci.server import RegistryServer
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport


@dataclass
class Target:
    """A registry that runs now, with its folder."""

    host: str
    folder: Path
    transport: Transport

    def repository(self, name: str) -> Any:
        return self.transport.repository(Reference.parse(f"{self.host}/{name}"))

    def pusher(self, bundle: Bundle, **options: Any) -> Pusher:
        return Pusher(bundle, self.host, self.repository, **options)

    def push(self, path: Path, trust: Path, *more: str | Path) -> tuple[str | Path, ...]:
        """The words of the command that loads the bundle at `path` into it."""
        return ("bundle", "push", path, "--trust", trust, "--to", self.host, "--plain-http", *more)

    def files(self) -> set[str]:
        """Everything that a load could have left, uploads and temporary files included."""
        kept = (p for p in self.folder.rglob("*") if p.is_file() and p.name not in ("registry.json", "_lock"))
        return {str(p.relative_to(self.folder)) for p in kept}

    def manifests(self) -> set[str]:
        return {name for name in self.files() if "/_manifests/" in name or "/_tags/" in name}

    def blobs(self) -> set[str]:
        return {Path(name).name for name in self.files() if name.startswith("blobs/")}


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[Target]:
    """An empty one on loopback."""
    with RegistryServer(folder) as server:
        host = urlsplit(server.url).netloc
        sites = Sites({host: Site(host, server.url, anonymous=True)})
        with Transport(sites, environ={}) as transport:
            yield Target(host, folder, transport)
