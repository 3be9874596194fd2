"""Every world that ships with us: a whole install journey in it, and what it comes to."""

from pathlib import Path

import pytest

from tests.rehearsal.journey import travel
from wizard.engine.events import Grade
from wizard.rehearsal.loader import worlds

# exit code, the problem that ends it, the checks that fail
ENDS: dict[str, tuple[int, str, set[str]]] = {
    "api-away": (5, "cluster-unreachable", set()),
    "clock-wrong": (3, "preflight-failed", {"clocks-agree"}),
    "cni-ignores-policy": (3, "preflight-failed", {"cni-enforces-policy"}),
    "disk-small": (5, "volume-full", set()),
    "dns-elsewhere": (3, "preflight-failed", {"dns-rule-matches"}),
    "egress-hole": (0, "", set()),
    "egress-open": (3, "verification-failed", {"egress-refused", "namespace-denied-by-default"}),
    "healthy": (0, "", set()),
    "image-missing": (5, "tag-not-found", set()),
    "images-rewritten": (3, "preflight-failed", {"webhooks-leave-images", "nodes-reach-registry"}),
    "mcp-off": (3, "preflight-failed", {"opencost-mcp"}),
    "no-storageclass": (3, "preflight-failed", {"storage-class-exists"}),
    "node-away": (3, "preflight-failed", {"nodes-reach-registry"}),
    "node-disk-small": (3, "preflight-failed", {"nodes-reach-registry"}),
    "node-too-small": (3, "preflight-failed", {"nodes-fit-model"}),
    "ollama-killed": (5, "pod-crashes", set()),
    "opencost-closed": (3, "preflight-failed", {"opencost-mcp"}),
    "opencost-hidden": (3, "preflight-failed", {"opencost-mcp"}),
    "opencost-old": (3, "preflight-failed", {"opencost-version", "opencost-mcp"}),
    "perimeter-open": (0, "", set()),
    "podsecurity-missing": (3, "preflight-failed", {"podsecurity-present"}),
    "pull-401": (3, "preflight-failed", {"nodes-reach-registry"}),
    "pvc-stuck": (3, "preflight-failed", {"storage-binds"}),
    "quota-tight": (3, "preflight-failed", {"quota-fits"}),
    "rbac-missing": (3, "preflight-failed", {"rbac-sufficient"}),
    "registry-unresolved": (3, "preflight-failed", {"nodes-reach-registry"}),
    "release-stuck": (3, "preflight-failed", {"release-state"}),
    "token-missing": (5, "token-secret-missing", set()),
    "tools-lost": (3, "verification-failed", {"tools-proven"}),
    "tools-zero": (3, "verification-failed", {"tools-proven"}),
    "webhook-denies": (5, "cluster-refused", set()),
    "wrong-arch": (3, "preflight-failed", {"node-architectures"}),
    "x509-unknown-ca": (3, "preflight-failed", {"nodes-reach-registry"}),
}

# what is not as it should be in a world where the install succeeds all the same
WARNED = {"perimeter-open": {"nodes-pull-outside"}}


def test_every_world_is_here() -> None:
    assert {*ENDS, "api-blinks"} == set(worlds())


def test_an_api_server_that_goes_away_for_a_while(tmp_path: Path) -> None:
    """The run waits it out or says so; started again, it ends green."""
    for _ in range(8):
        ran = travel("api-blinks", tmp_path)
        if ran.code == 0:
            break
        assert (ran.code, ran.problem) == (5, "cluster-unreachable"), ran.words
    assert ran.code == 0


@pytest.mark.parametrize("name", sorted(ENDS))
def test_an_install_in(name: str, tmp_path: Path) -> None:
    """Its exit code, the problem that ended it, and the checks that failed."""
    code, problem, checks = ENDS[name]
    ran = travel(name, tmp_path)
    failed = {check for check, finding in ran.findings.items() if finding.grade is Grade.FAIL}
    assert (ran.code, ran.problem) == (code, problem), ran.words
    assert failed == checks
    if code == 0:
        assert not failed
        assert {check for check, f in ran.findings.items() if f.grade is not Grade.PASS} == WARNED.get(
            name, set()
        )
