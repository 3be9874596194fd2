"""The real adapter keeps the contract of the port, on a real one-node cluster: the bodies are those of the rehearsal."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contracts.bench import Bench
from tests.contracts.cluster import CONTRACTS
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.probe import push_probe
from wizard.cluster.real.adapter import RealCluster
from wizard.cluster.real.connect import connect

pytestmark = [pytest.mark.real, pytest.mark.cluster]


@dataclass(frozen=True, slots=True)
class RealBench(Bench):
    """Pulls from the site's registry with a secret that the pods' ServiceAccount has."""

    login: str = ""

    @contextmanager
    def namespace(self, level: str = "restricted") -> Iterator[str]:
        """With the pull secret in it."""
        with Bench.namespace(self, level) as space:
            meta = {"name": "pull", "namespace": space}
            secret = {
                "type": "kubernetes.io/dockerconfigjson",
                "stringData": {".dockerconfigjson": self.login},
            }
            self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, **secret})
            meta = {"name": "tester", "namespace": space}
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
            self.cluster.apply({**account, "imagePullSecrets": [{"name": "pull"}]})
            yield space


@pytest.fixture(scope="module")
def bench(kubernetes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBench]:
    folder: Path = tmp_path_factory.mktemp("probe")
    registry = kubernetes.registry
    login = {"auths": {registry.host: {"username": registry.user, "password": registry.password}}}
    cluster = RealCluster(connect(kubernetes.kubeconfig, ""))
    classes = {"WaitForFirstConsumer": "local-path"}
    probe = push_probe(folder, registry, "contracts/probe")
    yield RealBench(cluster, probe, classes, login=json.dumps(login))
    cluster.close()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.__name__)
def test_the_real_cluster(bench: RealBench, contract: Callable[[Bench], None]) -> None:
    contract(bench)


def test_where_nobody_enforces(kubernetes: Cluster, bench: RealBench) -> None:
    """The same body while the enforcer is away: the denied pod gets through (S1.9)."""
    from dataclasses import replace

    from tests.contracts.pods import policy_closes_what_it_selects

    with kubernetes.unenforced():
        policy_closes_what_it_selects(replace(bench, enforces=False))
