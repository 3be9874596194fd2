"""Fixtures of the one-node Kubernetes."""

import itertools
import re
from collections.abc import Iterator

import pytest

from tests.e2e.cluster.cluster import Cluster, cluster

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A real one-node cluster with enforced NetworkPolicy, shared by the session: use `namespace`."""
    with cluster(netpol=True) as running:
        yield running


@pytest.fixture
def namespace(kubernetes: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, removed afterwards."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    name = f"t{next(_numbers)}-{stem}"
    kubernetes.kubectl("create", "namespace", name)
    yield name
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")
