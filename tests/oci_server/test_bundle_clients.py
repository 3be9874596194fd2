"""Real clients pull from a signed bundle and from its volumes, where they lie (`registry serve --bundle`)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.making import make_bundle
from tests.real.helm import Helm
from tests.real.images import Image
from tests.real.registry import Registry
from tests.real.run import run, said
from wizard.bundle.archive.anywhere import open_anywhere
from wizard.bundle.archive.serving import BundleStorage
from wizard.bundle.volumes.split import split
from wizard.oci.server import RegistryServer

pytestmark = pytest.mark.real


@pytest.fixture(params=["bundle", "volumes"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Registry, dict[str, Image]]]:
    """Two images, a model, a chart and a file; plain HTTP, read-only."""
    made = make_bundle(tmp_path / "made")
    path = made.path
    if request.param == "volumes":
        split(path, 100_000, tmp_path / "stick", made.key)
        path = tmp_path / "stick" / "demo.volumes"
    with (
        open_anywhere(path, made.policy) as bundle,
        RegistryServer(None, storage=BundleStorage(bundle), read_only=True) as server,
    ):
        yield Registry("bundle", server.address, tmp_path, tmp_path / "log"), made.images


def test_clients_read_what_was_signed(served: tuple[Registry, dict[str, Image]], tmp_path: Path) -> None:
    """S2.1: digests are those of the images that went in; nothing can be pushed."""
    registry, images = served
    target, public = (
        registry.reference("opencost-ai/gateway", "1.0"),
        registry.reference("opencost/gateway", "1.0"),
    )
    digest = images["gateway"].digest
    assert said("crane", "digest", "--insecure", target) == digest
    assert said("crane", "digest", "--insecure", public) == digest
    run("crane", "pull", "--insecure", "--format=oci", target, tmp_path / "craned")
    assert (tmp_path / "craned/blobs/sha256" / digest[7:]).exists()
    assert "opencost-ai/gateway" in said("crane", "catalog", "--insecure", registry.host).split()
    assert said("oras", "resolve", "--plain-http", target) == digest
    assert said("oras", "repo", "tags", "--plain-http", registry.reference("opencost-ai/gateway")) == "1.0"
    env = {"REGCTL_CONFIG": str(tmp_path / "regctl.json")}
    run("regctl", "registry", "set", "--tls", "disabled", registry.host, env=env)
    assert said("regctl", "image", "digest", target, env=env) == digest
    out = tmp_path / "out"
    exact = ("--all", "--preserve-digests", "--src-tls-verify=false")
    run("skopeo", "copy", "-q", *exact, f"docker://{target}", f"oci:{out}:1.0")
    for descriptor in (*images["gateway"].blobs, *images["gateway"].manifests.values()):
        name = str(descriptor["digest"])[7:]
        assert (out / "blobs/sha256" / name).stat().st_size == descriptor["size"]
    found = json.loads(said("oras", "discover", "--plain-http", "--format", "json", target))
    assert not found.get("referrers")
    refused = run("crane", "tag", "--insecure", target, "2.0", check=False)
    assert refused.returncode != 0 and "read-only" in refused.stderr


def test_helm_pulls_the_chart(served: tuple[Registry, dict[str, Image]], helm: Helm, tmp_path: Path) -> None:
    """S2.1: Helm writes `+` in a version as `_` in a tag, and reads it back."""
    registry, _ = served
    chart = f"oci://{registry.host}/opencost-ai/charts/opencost-ai"
    helm("pull", chart, "--version", "0.1.0+airgap.3", "--plain-http", "--destination", tmp_path)
    (pulled,) = tmp_path.glob("opencost-ai-*.tgz")
    assert pulled.read_bytes() == b"chart bytes " * 300
