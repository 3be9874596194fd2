"""The probe's image in a registry, as `make probe` makes it."""

from pathlib import Path

from tests.real.images import push_blob, push_manifest
from tests.real.registry import Registry
from tests.real.tools import tool
from wizard.cluster.probe_image import write_probe_image
from wizard.oci.layout import Layout


def push_probe(folder: Path, registry: Registry, repository: str, tag: str = "1") -> str:
    """Push it, by the tests' own client; HOST/REPOSITORY@DIGEST."""
    programs = {f"linux/{arch}": tool(f"airgap-probe-{arch}") for arch in ("amd64", "arm64")}
    digest = write_probe_image(folder, tag, programs)
    layout = Layout(folder)
    index = layout.manifest(digest)
    for child in index.children:
        manifest = layout.manifest(child.digest)
        for blob in manifest.blobs:
            push_blob(registry, repository, layout.blob_path(blob.digest))
        push_manifest(registry, repository, child.digest, manifest.body, manifest.media_type)
    push_manifest(registry, repository, tag, index.body, index.media_type)
    return registry.reference(repository, digest)
