"""Break an install that was green, diagnose, do to the letter what is printed, diagnose again: the cause is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.diagnosis.hands import Hands
from wizard.cluster.port import Cluster

SPACE = "opencost-ai"


def _delete(kind: str, name: str) -> Callable[[Cluster], None]:
    def broken(cluster: Cluster) -> None:
        assert cluster.delete(kind, name, SPACE)

    return broken


def _allow_all(cluster: Cluster) -> None:
    cluster.apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "temporary-debugging", "namespace": SPACE},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        }
    )


def _rekeyed(cluster: Cluster) -> None:
    assert cluster.delete("Secret", "opencost-ai-auth", SPACE)
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "opencost-ai-auth", "namespace": SPACE},
            "data": {"password": "cGxhbnRlZA=="},
        }
    )


def _hidden(cluster: Cluster) -> None:
    found = cluster.get("Service", "opencost", "opencost")
    assert found is not None
    cluster.delete("Service", "opencost", "opencost")
    ports = [p for p in found["spec"]["ports"] if p["port"] != 8081]
    meta = {"name": "opencost", "namespace": "opencost", "labels": found["metadata"].get("labels") or {}}
    spec = {"selector": found["spec"]["selector"], "ports": ports}
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})


BROKEN = {
    "token-secret-missing": _delete("Secret", "opencost-ai-auth"),
    "token-key-missing": _rekeyed,
    "egress-open": _allow_all,
    "opencost-mcp-not-exposed": _hidden,
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    hands = Hands(tmp_path_factory.mktemp("mended"), "healthy")
    code, said = hands.type("run", "--rehearse", "healthy")
    assert code == 0, said
    assert hands.diagnose("--rehearse", "healthy")["causes"] == []
    return hands


@pytest.mark.parametrize("code", BROKEN)
def test_mended_by_what_is_printed(installed: Hands, code: str) -> None:
    with installed.cluster() as cluster:
        BROKEN[code](cluster)
    found = installed.diagnose("--rehearse", "healthy")
    assert [c["code"] for c in found["causes"]] == [code]
    for remedy in found["causes"][0]["remedies"]:
        if remedy["command"]:
            installed.carry_out(remedy["command"])
    assert installed.diagnose("--rehearse", "healthy")["causes"] == []


def test_a_lost_blob_is_carried_again(installed: Hands) -> None:
    """S5.25: a transfer that is not whole."""
    blobs = [
        p
        for p in (installed.home / "rehearsal/healthy/registry").rglob("*")
        if p.is_file() and p.stat().st_size > 20_000
    ]
    largest = max(blobs, key=lambda p: p.stat().st_size)
    largest.unlink()
    found = installed.diagnose("--rehearse", "healthy")
    assert [c["code"] for c in found["causes"]] == ["transfer-incomplete"]
    installed.carry_out(found["causes"][0]["remedies"][0]["command"])
    assert installed.diagnose("--rehearse", "healthy")["causes"] == []


def test_from_a_stuck_release_to_a_green_install(tmp_path: Path) -> None:
    """As somebody who reads the screen: the summary's command, then the printed commands, then the run again."""
    hands = Hands(tmp_path, "release-stuck")
    code, said = hands.type("run", "--rehearse", "release-stuck")
    assert code == 3
    command = next(line for line in said.splitlines() if line.startswith("cause ")).split(None, 1)[1]
    assert command.startswith("airgap-wizard diagnose --run ")
    found = hands.diagnose(*command.split()[2:])
    assert [c["code"] for c in found["causes"]] == ["release-stuck"]
    for remedy in found["causes"][0]["remedies"]:
        hands.carry_out(remedy["command"])
    assert hands.diagnose("--rehearse", "release-stuck")["causes"] == []


def test_from_a_missing_model_to_an_answer(tmp_path: Path) -> None:
    hands = Hands(tmp_path, "healthy")
    steps = (
        "mirror-probe",
        "mirror-images",
        "carry-model",
        "write-values",
        "prepare-namespace",
        "install-chart",
        "verify",
    )
    code, said = hands.type(
        "run", "--rehearse", "healthy", *(word for step in steps for word in ("--only", step))
    )
    assert code == 3 and "airgap-wizard diagnose --run" in said
    found = hands.diagnose()
    assert [c["code"] for c in found["causes"]] == ["model-absent"]
    hands.carry_out(found["causes"][0]["remedies"][0]["command"])
    code, said = hands.type("verify", "--rehearse", "healthy")
    assert code == 0, said
    assert hands.diagnose()["causes"] == []


def test_from_a_bridge_that_crashes_to_a_green_install(tmp_path: Path) -> None:
    """facts 8: the chart's defect, kept on purpose, and taken out again by the printed command."""
    hands = Hands(tmp_path, "healthy")
    code, _ = hands.type("run", "--rehearse", "healthy", "--set", "chart.keepDefects=bridge-command")
    assert code == 5
    found = hands.diagnose()
    assert [c["code"] for c in found["causes"]] == ["bridge-cache-read-only"]
    hands.carry_out(found["causes"][0]["remedies"][0]["command"])
    assert hands.diagnose("--rehearse", "healthy")["causes"] == []


def test_from_a_session_that_is_lost_to_tools(tmp_path: Path) -> None:
    """facts 8: every tool call fails, everything is Ready, and a restart of the bridge is all that it takes."""
    hands = Hands(tmp_path, "tools-lost")
    code, _ = hands.type("run", "--rehearse", "tools-lost")
    assert code == 3
    found = hands.diagnose()
    assert [c["code"] for c in found["causes"]] == ["bridge-session-lost"]
    hands.carry_out(found["causes"][0]["remedies"][0]["command"])
    with hands.cluster() as cluster:
        pods = cluster.list("Pod", SPACE, {"app.kubernetes.io/component": "bridge"})
        assert "Total tools available: 4" in cluster.logs(pods[0]["metadata"]["name"], SPACE)
