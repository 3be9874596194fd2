"""Fixtures of the one-node Kubernetes."""

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster.cluster import Cluster, attached, cluster

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A real one-node cluster with enforced NetworkPolicy, shared by the session: use `namespace`.

    AIRGAP_CLUSTER names the folder of one that is up already (while a test is being written).
    """
    if folder := os.environ.get("AIRGAP_CLUSTER"):
        yield attached(Path(folder))
        return
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
