"""The perimeter is a firewall's, outside the cluster, and none of its rules outlives the test that wanted it."""

import pytest

from tests.e2e.cluster.cluster import Cluster

pytestmark = [pytest.mark.real, pytest.mark.cluster]


class HalfWay(Exception):
    """What a test falls over."""


def test_its_rules_are_gone_though_the_test_fails_half_way(kubernetes: Cluster) -> None:
    """S1.42; what else a cluster leaves on the machine is looked for whenever one ends."""

    def rules() -> str:
        return kubernetes.on_node("iptables-save", "-t", "mangle").partition("*mangle")[2]

    before = rules()
    with pytest.raises(HalfWay), kubernetes.perimeter_closed():
        assert rules().count("-j DROP") == before.count("-j DROP") + 1
        raise HalfWay
    assert rules().count("-j DROP") == before.count("-j DROP")
