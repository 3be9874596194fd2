"""A transfer that is killed without warning, again and again: it ends, and what had arrived is not sent again."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci.conftest import data
from tests.oci.fake_registry import FakeRegistry, sha256
from tests.oci.fault_proxy import FaultProxy, fault_proxy
from tests.oci.kills import killed_after
from tests.oci.test_layout import Bytes, blob
from tests.real.process import wait_until
from tests.real.registries import KINDS
from tests.real.registry import Registry
from wizard.oci.download import download, partial_path
from wizard.oci.layout import Layout
from wizard.oci.manifest import Manifest
from wizard.oci.reference import Reference
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

SIZE = 48_000_000
KILLS = 5
IN_FLIGHT = 7_000_000
"""Bytes that the kernel's buffers on both sides of the proxy may hold when a process dies: sent, but not received."""
HEADS = 100_000
"""Bytes of heads and manifests that pass beside the blob in one run."""
SPAN = (8_000_000, 15_000_000)
"""Bytes after which a process is killed: more than may be lost, so that a transfer that began anew would be seen."""
FORGETS = {"docker-registry", "zot"}
"""distribution 2.8 signs the offset into the upload's location, and refuses a session that has grown beyond it; zot
deletes a session whose request broke off. After that the blob is sent again, whoever asks. All that can be shown is
that it arrives."""


def layout_with(folder: Path, content: bytes) -> str:
    layout = Layout(folder, create=True)
    layout.put_blob(blob(content), lambda offset: Bytes(content, offset))
    config = b"{}"
    layout.put_blob(blob(config), lambda offset: Bytes(config, offset))
    body = {"schemaVersion": 2, "config": blob(config).to_json(), "layers": [blob(content).to_json()]}
    manifest = Manifest(json.dumps(body).encode(), "application/vnd.oci.image.manifest.v1+json")
    layout.put_manifest(manifest, "1.0")
    return manifest.digest


@pytest.fixture(
    params=[
        "fake",
        *(pytest.param(kind, marks=pytest.mark.real) for kind in KINDS),
    ]
)
def host(request: pytest.FixtureRequest) -> str:
    """Registries that keep what they got before a cut, and one that does not."""
    if request.param == "fake":
        fake: FakeRegistry = request.getfixturevalue("registry")
        return fake.host
    real: Registry = request.getfixturevalue(f"plain_{request.param.replace('-', '_')}")
    return real.host


@pytest.fixture
def proxy(host: str) -> Iterator[FaultProxy]:
    with fault_proxy(host) as made:
        yield made


def test_pushes_killed_at_random_moments(
    request: pytest.FixtureRequest, proxy: FaultProxy, tmp_path: Path
) -> None:
    """The upload goes on where the registry says it is (GET on the remembered location)."""
    content = data(SIZE, random.randrange(2**30))
    digest = layout_with(tmp_path / "stick", content)
    pair = f"layout:{tmp_path / 'stick'}:1.0={proxy.host}/killed/push:1.0"
    moments = random.Random(sha256(content))
    kills = 0
    while not killed_after(
        moments.randrange(*SPAN) if kills < KILLS else 10 * SIZE, "up", proxy, pair, tmp_path / "state"
    ):
        kills += 1
    twice = proxy.passed["up"] - SIZE
    assert kills >= 3
    if request.node.callspec.params["host"] not in FORGETS:
        assert twice < kills * IN_FLIGHT, f"{twice} bytes sent twice in {kills} kills"
    with Transport(
        Sites({"reg.test": Site("reg.test", f"http://{proxy.host}", anonymous=True)}), environ={}
    ) as transport:
        app = transport.repository(Reference.parse("reg.test/killed/push"))
        found = app.resolve("1.0")
        assert found is not None and found.digest == digest
        download(tmp_path / "back", blob(content), lambda offset: app.open_blob(blob(content), offset))


def test_pulls_killed_at_random_moments(proxy: FaultProxy, tmp_path: Path) -> None:
    """What is on disk is hashed and completed; never a visible partial file."""
    content = data(SIZE, random.randrange(2**30))
    digest = layout_with(tmp_path / "stick", content)
    there = f"{proxy.host}/killed/pull:1.0"
    assert killed_after(
        10 * SIZE, "up", proxy, f"layout:{tmp_path / 'stick'}:1.0={there}", tmp_path / "state"
    )
    out = tmp_path / "out"
    partial = partial_path(out / "blobs" / "sha256" / sha256(content).partition(":")[2])
    moments = random.Random(sha256(content))
    before, kept = proxy.passed["down"], [0]
    while not killed_after(
        moments.randrange(*SPAN) if len(kept) <= KILLS else 10 * SIZE,
        "down",
        proxy,
        f"{there}=layout:{out}",
        tmp_path,
    ):
        assert not (out / "index.json").exists(), "visible before it is whole"
        wait_until(lambda: proxy.idle, "the connections of what was killed to end")
        before = proxy.passed["down"]
        kept.append(partial.stat().st_size if partial.exists() else 0)
    assert Layout(out).manifest("1.0").digest == digest
    assert Layout(out).blob_path(sha256(content)).read_bytes() == content
    # How much the kernel's buffers held at a kill is its own affair; what had come to the disk is not fetched again.
    assert len(kept) > 3 and kept == sorted(kept) and kept[-1] > 0
    twice = proxy.passed["down"] - before - (SIZE - kept[-1])
    assert twice < HEADS, f"{twice} bytes fetched that were there: {kept}"
