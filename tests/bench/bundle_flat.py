"""`python -m tests.bench.bundle_flat [--size GB]`: peak memory of verifying and loading a bundle of 20 GB, without 20 GB of disk.

The weights are zeros in a hole of the file; the registry takes bytes and forgets them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bench.measure import environment, once
from wizard.bundle import signatures
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.shape import Shape
from wizard.bundle.archive.writer import head_bytes
from wizard.bundle.artefacts import Made
from wizard.bundle.collect import Collector
from wizard.bundle.keys.private import PrivateKey
from wizard.model.source import BytesReader
from wizard.oci.descriptor import Descriptor
from wizard.oci.digest import digest_of
from wizard.oci.manifest import Manifest

WIZARD = (sys.executable, "-m", "wizard")


class Forgetful(BaseHTTPRequestHandler):
    """A registry that remembers digests and manifests alone."""

    protocol_version = "HTTP/1.1"
    blobs: dict[str, int] = {}
    manifests: dict[str, bytes] = {}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _end(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        name = self.path.rpartition("/")[2]
        if "/blobs/" in self.path and name in self.blobs:
            self._end(200, length=str(self.blobs[name]))
        elif name in self.manifests:
            self._manifest(name)
        else:
            self._end(404)

    def _manifest(self, name: str) -> None:
        body = self.manifests[name]
        kind = "application/vnd.oci.image.manifest.v1+json"
        self._end(200, body, Content_Type=kind, Docker_Content_Digest=digest_of(body))

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.path == "/v2/" or name in self.manifests:
            self._manifest(name) if name in self.manifests else self._end(200, b"{}")
        else:
            self._end(404)

    def do_POST(self) -> None:
        self._end(202, Location=f"{self.path}upload")

    def do_PUT(self) -> None:
        left = size = int(self.headers["Content-Length"])
        kept = bytearray()
        while left:
            piece = self.rfile.read(min(left, 1 << 17))
            left -= len(piece)
            if size < 1 << 16:
                kept += piece
        if "/manifests/" in self.path:
            for name in (self.path.rpartition("/")[2], digest_of(bytes(kept))):
                self.manifests[name] = bytes(kept)
        else:
            self.blobs[self.path.rpartition("digest=")[2].replace("%3A", ":")] = size
        self._end(201)


def zeros(size: int) -> str:
    """The digest of so many zeros."""
    found, piece = hashlib.sha256(), bytes(1 << 20)
    for _ in range(size >> 20):
        found.update(piece)
    found.update(bytes(size & 0xFFFFF))
    return f"sha256:{found.hexdigest()}"


def hollow(home: Path, size: int) -> Path:
    """A signed bundle whose one large layer is a hole in the file."""
    config = b"{}"
    layer = Descriptor("application/vnd.bench.weights", zeros(size), size)
    body = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": Descriptor("application/vnd.bench.config", digest_of(config), len(config)).to_json(),
        "layers": [layer.to_json()],
    }
    manifest = Manifest(json.dumps(body).encode(), str(body["mediaType"]))
    openers = {
        digest_of(config): lambda offset: BytesReader(config[offset:]),
        layer.digest: lambda _: BytesReader(),
    }
    collector = Collector()
    collector.made("file", Made(manifest, openers), "weights", "bench/files/weights:1")
    bom = collector.bom("hollow", "1")
    key = PrivateKey.make()
    (home / "k.pub").write_text(key.public.pem)
    (home / "trust.yaml").write_text(
        "apiVersion: airgap-wizard/trust/v1\nauthorities:\n  vendor:\n    keys:\n"
        "      - {file: k.pub, notAfter: 2099-12-31}\n"
    )
    path, shape = home / "hollow.airgap", Shape(bom)
    with path.open("wb") as file:
        file.write(head_bytes(path, bom.body, (signatures.sign(key, bom.body, "vendor"),)))
        for place in shape.places:
            file.seek(place.header)
            file.write(tarhead.header(place.entry.path, place.entry.size))
            if place.entry.size < 1 << 20:
                reader, buffer = collector.openers[place.entry.digest](0), bytearray(place.entry.size)
                reader.readinto(memoryview(buffer))
                file.write(buffer)
        file.truncate(shape.size)
    return path


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--size", type=float, default=20.0, help="GB (default 20)")
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        path = hollow(home, int(args.size * 1e9))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Forgetful)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = environment() | {"AIRGAP_WIZARD_STATE": str(home / "state")}
        trust = ["--trust", str(home / "trust.yaml"), "--quiet"]
        to = f"127.0.0.1:{server.server_port}"
        verify = once([*WIZARD, "bundle", "verify", path, *trust], env, home)
        push = once([*WIZARD, "bundle", "push", path, *trust, "--to", to, "--plain-http"], env, home)
        server.shutdown()
        server.server_close()
        for word, sample in (("verify", verify), ("load", push)):
            sys.stdout.write(
                f"{word}: {args.size:g} GB, {sample.wall:.1f} s, CPU {sample.cpu:.1f} s, peak memory {sample.memory / 1e6:.0f} MB\n"
            )
        sys.stdout.write(
            f"disk beside the bundle: 0; the bundle's file: {path.stat().st_blocks * 512 / 1e6:.1f} MB\n"
        )


if __name__ == "__main__":
    main()
