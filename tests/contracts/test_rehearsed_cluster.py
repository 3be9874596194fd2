"""The rehearsed cluster keeps the contract of the port (issue text: one body, rehearsed and real adapters)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.bench import Bench
from tests.contracts.cluster import CONTRACTS
from tests.rehearsal.opened import open_tiny


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A healthy world."""
    state: Path = tmp_path_factory.mktemp("worlds") / "healthy"
    opened = open_tiny("healthy", state)
    probe = opened.mirror("probe")["probe"]
    classes = {"WaitForFirstConsumer": "internal-block", "Immediate": "internal-file"}
    yield Bench(opened.cluster, probe, classes)
    opened.world.close()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.__name__)
def test_the_rehearsed_cluster(bench: Bench, contract: Callable[[Bench], None]) -> None:
    contract(bench)


def test_where_the_network_enforces_nothing(tmp_path: Path) -> None:
    """The same body on a world whose CNI ignores policy: the denied pod gets through (S1.9)."""
    from tests.contracts.pods import policy_closes_what_it_selects

    opened = open_tiny("cni-ignores-policy", tmp_path / "w")
    try:
        probe = opened.mirror("probe")["probe"]
        policy_closes_what_it_selects(Bench(opened.cluster, probe, {}, enforces=False))
    finally:
        opened.world.close()
