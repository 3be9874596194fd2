"""The adapter over a small API server of the test's own."""

from collections.abc import Iterator

import pytest

from tests.cluster.fake_api import FakeApi, fake_api
from wizard.cluster.real.adapter import RealCluster


@pytest.fixture
def both() -> Iterator[tuple[FakeApi, RealCluster]]:
    """The server and the adapter."""
    with fake_api() as found:
        yield found


@pytest.fixture
def api(both: tuple[FakeApi, RealCluster]) -> FakeApi:
    """The server."""
    return both[0]


@pytest.fixture
def cluster(both: tuple[FakeApi, RealCluster]) -> RealCluster:
    """The adapter."""
    return both[1]
