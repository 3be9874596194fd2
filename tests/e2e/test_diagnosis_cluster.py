"""What is wrong with the cluster and not with a namespace of it, one thing after the other over one healthy release."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.broken.case import Broken, Seen, pending, ready
from tests.e2e.broken.stage import Scene, staged
from tests.e2e.cluster.cluster import NODE, Cluster
from tests.e2e.site import Site
from tests.real.process import wait_until
from wizard.diagnosis.cause import Diagnosis

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]
WELL = Broken("nothing is wrong", "", lambda parts: [parts.idle("gateway")], ready("gateway"))
ELSEWHERE = {"dns": "elsewhere"}


@pytest.fixture(scope="module")
def well(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A release with which nothing is wrong."""
    folder = tmp_path_factory.mktemp("well")
    with staged(site.at(folder), folder, {"well": WELL}) as stage, stage.looking():
        yield stage.scenes["well"]


def _codes(found: Diagnosis) -> list[str]:
    return [cause.code for cause in found.causes]


@pytest.fixture
def dns_elsewhere(kubernetes: Cluster) -> Iterator[None]:
    """Other pods, under other labels, serve the cluster's DNS: another CoreDNS behind the same Service."""
    kubectl = kubernetes.kubectl
    mine = kubernetes.get("deployment", "coredns", "-n", "kube-system")
    pod = mine["spec"]["template"] | {"metadata": {"labels": ELSEWHERE}}
    spec = {"selector": {"matchLabels": ELSEWHERE}, "template": pod}
    meta = {"name": "dns-elsewhere"}
    kubernetes.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec},
        namespace="kube-system",
    )
    kubectl("-n", "kube-system", "rollout", "status", "deployment/dns-elsewhere", "--timeout=60s")
    service = kubernetes.get("service", "kube-dns", "-n", "kube-system")["spec"]["selector"]

    def choose(labels: dict[str, str]) -> None:
        step = [{"op": "replace", "path": "/spec/selector", "value": labels}]
        kubectl("-n", "kube-system", "patch", "service", "kube-dns", "--type", "json", "-p", json.dumps(step))

    choose(ELSEWHERE)
    try:
        yield
    finally:
        choose(service)
        kubectl("-n", "kube-system", "delete", "deployment", "dns-elsewhere", "--wait=true")


def test_dns_is_not_where_the_charts_rule_looks(well: Scene, dns_elsewhere: None) -> None:
    """S1.4: named with what serves it."""
    found = well.look()
    assert _codes(found) == ["dns-rule-matches"]
    assert any("dns=elsewhere" in proof.words for proof in found.causes[0].proofs)


@pytest.fixture
def tainted(kubernetes: Cluster) -> Iterator[None]:
    """The only node is for others; what runs on it runs on."""
    kubernetes.kubectl("taint", "node", NODE, "dedicated=db:NoSchedule")
    try:
        yield
    finally:
        kubernetes.kubectl("taint", "node", NODE, "dedicated-")


def test_every_node_is_tainted(well: Scene, kubernetes: Cluster, tainted: None) -> None:
    """The taint is named, and who suffers; gone once it is off."""
    space = well.parts.space
    kubernetes.apply(well.parts.idle("bridge"), namespace=space)

    def waits() -> bool:
        items = kubernetes.get("pods", "-n", space)["items"]
        return pending("taint")(Seen({"Pod": items}))

    wait_until(waits, "the scheduler's words", 30)
    found = well.look()
    assert _codes(found) == ["nodes-tainted"]
    assert "dedicated" in found.causes[0].title and "opencost-ai-bridge-0" in found.causes[0].title


def test_nothing_is_wrong_any_more(well: Scene, kubernetes: Cluster) -> None:
    """After DNS was put back and the taint taken off."""
    space = well.parts.space
    kubernetes.kubectl(
        "-n", space, "wait", "--for=condition=Ready", "pod/opencost-ai-bridge-0", "pod/opencost-ai-gateway-0",
        "--timeout=60s",
    )  # fmt: skip
    assert _codes(well.look()) == []
