"""A registry that demands a client certificate: the nodes, the wizard and the loader in the cluster show theirs (S1.12)."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.cluster.cluster import NODE_IP
from tests.e2e.site import Site
from tests.real.certs import Authority, KeyPair
from tests.real.process import running
from tests.real.registry import Registry
from tests.real.tools import tool

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(1200)]
PORT = 5001
HOST = f"{NODE_IP}:{PORT}"
LONG = 600.0


@dataclass(frozen=True)
class Demanding:
    """The registry, and the certificate that it takes."""

    registry: Registry
    client: KeyPair
    node: Path
    """Where the node has its CA and its certificate."""


@pytest.fixture
def demanding(site: Site, tmp_path: Path) -> Iterator[Demanding]:
    """The site's registry a second time, on another port, with the same content, behind mutual TLS and no password."""
    cluster = site.cluster
    people = Authority(tmp_path / "people")
    client = people.client("site")
    pki = cluster.folder / "pki"
    config = tmp_path / "registry.yaml"
    http = {
        "addr": f"0.0.0.0:{PORT}",
        "tls": {
            "certificate": str(pki / "registry.crt"),
            "key": str(pki / "registry.key"),
            "clientcas": [str(people.ca_file)],
        },
    }
    storage = {"filesystem": {"rootdirectory": str(cluster.registry.storage)}}
    config.write_text(
        json.dumps({"version": "0.1", "log": {"level": "warn"}, "storage": storage, "http": http})
    )
    registry = Registry(
        "docker-registry",
        HOST,
        cluster.registry.storage,
        tmp_path / "log",
        cluster.registry.authority,
        client,
    )
    node = cluster.folder / "etc" / "registries" / HOST
    node.mkdir(parents=True)
    # the form that containerd and docker share: CA, certificate and key of the client, by their endings
    shutil.copy(cluster.ca_file, node / "ca.crt")
    shutil.copy(client.cert, node / "client.cert")
    shutil.copy(client.key, node / "client.key")
    command = ["nsenter", "--net=/run/netns/airgap-node", tool("docker-registry"), "serve", config]
    try:
        with running(command, tmp_path / "log", lambda: registry.request("GET", "/v2/").status == 200):
            yield Demanding(registry, client, node)
    finally:
        shutil.rmtree(node)


def test_the_loader_shows_the_certificate(fresh: tuple[Site, str], demanding: Demanding) -> None:
    """S1.12: images and model pushed, pulled and loaded; the certificate's Secret is gone afterwards; without it, refused and told."""
    site, space = fresh
    shows = {"clientCert": str(demanding.client.cert), "clientKey": str(demanding.client.key)}
    changes = {f"registry__{key}": value for key, value in shows.items()}
    answers = site.answers(
        space, registry__host=HOST, registry__prefix="mutual", model__prefix="mutual-model", **changes
    )
    ran = site.run(answers, "--until", "load-model", seconds=LONG)
    assert ran.code == 0, ran.story
    assert ran.evidence["load-model"]["models"]["tiny-costs:1.0"]["outcome"] == "whole"
    assert ran.findings["nodes-reach-registry"].grade == "pass", ran.story
    secrets = {s["metadata"]["name"] for s in site.cluster.get("secrets", "-n", space)["items"]}
    assert not any("client" in name for name in secrets), secrets
    site.nothing_left(space)

    key = demanding.client.key.read_text()
    written = [p for p in site.folder.rglob("*") if p.is_file() and demanding.client.key != p]
    assert not [p for p in written if key.splitlines()[1].encode() in p.read_bytes() and p.suffix != ".key"]

    (demanding.node / "client.cert").unlink()
    found = site.run(answers, "--check", "nodes-reach-registry", command="preflight")
    assert found.code == 3, found.story
    pulls = found.findings["nodes-reach-registry"]
    assert pulls.title == f"1 of 1 nodes cannot pull from {HOST}: client-certificate", pulls
    assert "client.cert and client.key in /etc/containerd/certs.d" in pulls.remedies[0].text

    bare = site.answers(space, registry__host=HOST, registry__prefix="mutual", model__prefix="mutual-model")
    without = site.run(bare, "--until", "mirror-probe")
    assert without.code == 5, without.story
    assert without.problem.code == "registry-tls-client-certificate", without.story
