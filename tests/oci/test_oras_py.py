"""The Python oras client as an independent witness: it reads what we wrote, and we read what it wrote."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from wizard.oci.copy import copy
from wizard.oci.layout import Layout
from wizard.oci.reference import Reference
from wizard.oci.server import RegistryServer
from wizard.oci.sites import Site, Sites
from wizard.oci.transport import Transport

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    with RegistryServer(tmp_path / "registry") as server:
        yield urlsplit(server.url).netloc


def test_what_oras_pushes_we_copy_and_oras_pulls_again(tmp_path: Path, host: str, monkeypatch) -> None:
    """S1.22: registry → layout → registry, with the digest preserved and the file equal."""
    import oras.client as oras

    logging.getLogger("oras").setLevel(logging.CRITICAL)
    monkeypatch.chdir(tmp_path)
    data = b"GGUF" + bytes(200_000)
    Path("model.gguf").write_bytes(data)
    client = oras.OrasClient(insecure=True, tls_verify=False)
    client.push(target=f"{host}/m/one:1", files=["model.gguf:application/vnd.ollama.image.model"])

    sites = Sites({host: Site(host, f"http://{host}", anonymous=True)})
    with Transport(sites) as transport:
        source = transport.repository(Reference.parse(f"{host}/m/one:1"))
        layout = Layout(tmp_path / "layout", create=True)
        first = copy(source, "1", layout, "1")
        target = transport.repository(Reference.parse(f"{host}/m/two:1"))
        second = copy(layout, "1", target, "1")
    assert first.digest == second.digest
    (pulled,) = client.pull(target=f"{host}/m/two:1", outdir=str(tmp_path / "out"))
    assert hashlib.sha256(Path(pulled).read_bytes()).digest() == hashlib.sha256(data).digest()
