"""Fakes of the ports take what the ports take: a step that is tested on one could call the real thing alike."""

import inspect

import pytest

from tests.chart import fakes as chart
from tests.facts import fakes as facts
from wizard.cluster.helm.adapter import RealHelm
from wizard.cluster.port import Cluster, Helm
from wizard.cluster.real.adapter import RealCluster
from wizard.rehearsal.cluster import RehearsedCluster
from wizard.rehearsal.helm.adapter import RehearsedHelm

PAIRS = [
    (chart.FakeCluster, Cluster),
    (facts.FakeCluster, Cluster),
    (RealCluster, Cluster),
    (RehearsedCluster, Cluster),
    (chart.FakeHelm, Helm),
    (facts.FakeHelm, Helm),
    (RealHelm, Helm),
    (RehearsedHelm, Helm),
]


def taken(function: object) -> list[tuple[str, object, bool]]:
    """Name, kind, and whether it may be left out, of each parameter."""
    assert callable(function)
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default is not p.empty) for p in found]


@pytest.mark.parametrize(("fake", "port"), PAIRS, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_what_a_port_takes_a_stand_in_takes(fake: type, port: type) -> None:
    names = [name for name, value in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")]
    shared = [name for name in names if hasattr(fake, name)]
    assert shared
    assert {name: taken(getattr(fake, name)) for name in shared} == {
        name: taken(getattr(port, name)) for name in shared
    }
