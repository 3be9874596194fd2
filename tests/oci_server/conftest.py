"""A registry server for each test, and a client to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci_server.client import Client
from wizard.oci.server import Access, RegistryServer, Trouble


@pytest.fixture
def log() -> list[Access | Trouble]:
    """Everything the server said."""
    return []


@pytest.fixture
def server(tmp_path: Path, log: list[Access | Trouble]) -> Iterator[RegistryServer]:
    """A registry over a new folder."""
    with RegistryServer(tmp_path / "storage", log=log.append) as running:
        yield running


@pytest.fixture
def client(server: RegistryServer) -> Iterator[Client]:
    """A client to it."""
    with Client(server.url) as connected:
        yield connected
