"""What a site may refuse, each really provoked on the cluster, through the program itself, by the account with the shipped roles.

Every one of them: the words that the operator reads, the exit code, that nothing half-done remains, and that the
first remedy, done to the letter, mends it.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.ground import Ground, ground
from tests.e2e.site import ACCOUNT, Ran, Site, opencost
from tests.real.certs import Authority
from tests.real.images import push_image
from tests.real.process import wait_until
from tests.real.programs import program_image
from tests.real.tools import tool
from wizard.engine.events import Finding, Grade

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def here(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One namespace for all of them: whoever breaks something mends it, and nothing is ever installed."""
    with ground(site.at(tmp_path_factory.mktemp("refusals")), "refusals") as made:
        yield made


def verdict(ran: Ran, check: str, grade: Grade = Grade.FAIL) -> Finding:
    """The verdict on the one thing that was looked at; a refusal ends with exit code 3."""
    finding = ran.findings[check]
    assert finding.grade is grade, ran.story
    assert ran.code == (3 if grade is Grade.FAIL else 0), ran.story
    if grade is Grade.FAIL:
        assert ran.problem.code == "preflight-failed"
        assert ran.problem.remedies[0] == finding.remedies[0], "the end of the run says it too"
    return finding


# --- what the answers want and the site has not: seen by reading alone


def quota(memory: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"limits.memory": memory}},
    }


def limit_range(memory: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "small"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": memory}}]},
    }


@dataclass(frozen=True)
class Refusal:
    """`words` stand in the verdict's title or detail, `remedy` in its first remedy; `mend` is what it puts into chart.overrides."""

    check: str
    words: tuple[str, ...]
    remedy: str
    sets: dict[str, str] = field(default_factory=dict)
    there: tuple[dict[str, Any], ...] = ()
    mend: dict[str, Any] = field(default_factory=dict)


REFUSALS = {
    "StorageClass missing": Refusal(
        "storage-class-exists",
        ("there is no StorageClass fast-nvme", "local-path"),
        "cluster.storageClass",
        {"cluster__storageClass": "fast-nvme"},
    ),
    "node too small": Refusal(
        "nodes-fit-model",
        ("no node fits: huge:405b needs 354.4 GiB", "node1 has"),
        "choose a smaller model",
        {"model__name": "huge:405b"},
    ),
    "quota": Refusal(
        "quota-fits",
        (
            "the quota of namespace refusals is too small",
            "tight: limits.memory has 1.0 GiB left of 1Gi, 9.0 GiB",
        ),
        "patch resourcequota tight",
        there=(quota("1Gi"),),
    ),
    "LimitRange": Refusal(
        "quota-fits",
        ("small: a container may have 2.0 GiB of memory, ollama asks 8.0 GiB",),
        "lower requests and limits in chart.overrides",
        there=(limit_range("2Gi"),),
        mend={"ollama": {"resources": {"limits": {"memory": "2Gi"}}}},
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_read(here: Ground, name: str) -> None:
    """S1.7, S1.10, S1.49: one look, the reason with figures, nothing made; mended as told, it passes."""
    case = REFUSALS[name]
    with here.having(*case.there):
        refused = here.preflight("--check", case.check, **case.sets)
        here.site.nothing_left(here.namespace)
        finding = verdict(refused, case.check)
        overrides = here.site.folder / "overrides.yaml"
        overrides.write_text(yaml.safe_dump(case.mend))
        if case.there and not case.mend:
            here.type(finding.remedies[0].command)
        mended = here.preflight("--check", case.check, chart__overrides=str(overrides))
    text = f"{finding.title}\n{finding.detail}"
    assert all(word in text for word in case.words), text
    assert case.remedy in finding.remedies[0].text + finding.remedies[0].command
    assert mended.code == 0, mended.story
    here.untouched()


def test_a_rule_is_missing(here: Ground) -> None:
    """S2.37: named with the rule to add; adding what the remedy says is enough."""
    admin = here.site.cluster
    role = admin.get("role", "airgap-wizard", "-n", here.namespace)
    less = [r for r in role["rules"] if r["resources"] != ["statefulsets"]]
    assert len(less) == len(role["rules"]) - 1
    short = {k: role[k] for k in ("apiVersion", "kind")} | {
        "metadata": {"name": "airgap-wizard"},
        "rules": less,
    }
    try:
        admin.apply(short, namespace=here.namespace)
        refused = here.preflight("--check", "rbac-sufficient")
        finding = verdict(refused, "rbac-sufficient")
        here.type(finding.remedies[0].command)
        mended = here.preflight("--check", "rbac-sufficient")
    finally:
        admin.apply(short | {"rules": role["rules"]}, namespace=here.namespace)
        for kind in ("role", "rolebinding"):
            admin.kubectl("-n", here.namespace, "delete", kind, "airgap-wizard-missing", "--ignore-not-found")
    assert f"patch statefulsets in {here.namespace}" in finding.detail
    assert ACCOUNT in finding.remedies[0].command, "bound to the very account that asks"
    verdict(mended, "rbac-sufficient", Grade.PASS)
    here.untouched()


# --- images


def test_the_password_is_wrong(here: Ground) -> None:
    """S1.5, S4.16: told before anything of the cluster is touched."""
    ran = here.run(env={"REGISTRY_PASSWORD": "not-the-password"})
    assert (ran.code, ran.problem.code) == (5, "registry-refused-credentials"), ran.story
    assert here.site.cluster.registry_host in ran.problem.title
    assert set(ran.outcomes) == {"accept-bundle", "mirror-probe"}
    assert "registry.password" in " ".join(r.text + r.command for r in ran.problem.remedies[:1])
    here.untouched()
    assert here.run("--until", "mirror-probe").code == 0


def test_our_side_does_not_know_the_ca(here: Ground, tmp_path: Path) -> None:
    """S1.12: another authority's certificate."""
    ran = here.run(registry__caFile=str(Authority(tmp_path / "other").ca_file))
    assert (ran.code, ran.problem.code) == (5, "registry-tls-unknown-ca"), ran.story
    assert "registry.caFile" in " ".join(r.text + r.command for r in ran.problem.remedies[:1])
    here.untouched()


def test_the_node_does_not_know_the_ca(here: Ground) -> None:
    """S1.11: the runtime's words, told once with the nodes' names, and where the CA belongs."""
    with here.site.cluster.registry_untrusted():
        ran = here.preflight("--check", "nodes-reach-registry")
    finding = verdict(ran, "nodes-reach-registry")
    assert "unknown-authority" in finding.title and finding.detail.startswith("node1: ")
    assert "x509: certificate signed by unknown authority" in finding.detail
    assert f"/etc/containerd/certs.d/{here.site.cluster.registry_host}/ca.crt" in finding.remedies[0].text
    assert here.preflight("--check", "nodes-reach-registry").code == 0, "with the CA there again"
    here.untouched()


def test_a_tag_is_missing(here: Ground) -> None:
    """S1.21: with the tags that there are; the others arrive all the same, and nothing of the cluster is touched."""
    source = f"{here.site.public.host}/opencost/opencost-ai-gateway"
    ran = here.run("--only", "mirror-images", images__gateway=f"{source}:v9.9.9")
    assert (ran.code, ran.problem.code) == (5, "tag-not-found"), ran.story
    text = f"{ran.problem.title} {ran.problem.detail}"
    assert "v9.9.9" in text and "v0.1.0" in text, ran.story
    assert here.run("--only", "mirror-images").code == 0
    here.untouched()


def test_an_image_for_another_architecture(here: Ground, tmp_path: Path) -> None:
    """S2.11: known before it is carried; and what the node says to an image without its platform."""
    public = here.site.public
    files = {"/gateway": tool("standin-gateway-arm64")}
    image = program_image(tmp_path / "arm", files, ["/gateway"], platform="linux/arm64")
    push_image(image, public, "arm/gateway", "1")
    ran = here.preflight("--check", "node-architectures", images__gateway=f"{public.host}/arm/gateway:1")
    finding = verdict(ran, "node-architectures")
    assert "gateway lacks linux/amd64" in finding.detail
    assert "images.platforms" in finding.remedies[0].text

    probe = program_image(
        tmp_path / "probe", {"/probe": tool("airgap-probe-arm64")}, ["/probe"], platform="linux/arm64"
    )
    push_image(probe, public, "arm/probe-of-arm", "1")
    checks = ("--check", "nodes-reach-registry", "--check", "storage-binds")
    ran = here.preflight(*checks, images__probe=f"{public.host}/arm/probe-of-arm:1")
    finding = verdict(ran, "nodes-reach-registry")
    assert "wrong-architecture" in finding.title and "no match for platform" in finding.detail
    storage = ran.findings["storage-binds"]
    assert storage.grade is Grade.UNKNOWN, "what cannot be tried is no failure of the storage"
    assert storage.detail == "the probe's image was not pulled (wrong-architecture), as told above"
    assert here.preflight("--check", "node-architectures").code == 0
    here.untouched()


# --- storage


def test_a_volume_stays_pending(here: Ground) -> None:
    """S1.10: a provisioner that is not there, in both binding modes, side by side; the claims are gone afterwards."""
    modes = ("Immediate", "WaitForFirstConsumer")
    for mode in modes:
        here.site.cluster.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": f"dead-{mode.lower()}"},
                "provisioner": "dead.example/nobody",
                "volumeBindingMode": mode,
            }
        )

    def look(mode: str) -> Ran:
        return spaces[mode].preflight(
            "--check", "storage-binds", cluster__storageClass=f"dead-{mode.lower()}"
        )

    try:
        with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
            # two runs at one target would wait for each other
            spaces = {
                mode: stack.enter_context(
                    ground(here.site.at(here.site.folder / mode), f"refusals-{mode.lower()}")
                )
                for mode in modes
            }
            looks = list(pool.map(look, modes))
            for space in spaces.values():
                space.untouched()
    finally:
        here.site.cluster.kubectl("delete", "storageclass", *(f"dead-{mode.lower()}" for mode in modes))
    for mode, ran in zip(modes, looks, strict=True):
        finding = verdict(ran, "storage-binds")
        assert finding.title == f"a volume of class dead-{mode.lower()} stays Pending"
        assert "dead.example/nobody" in finding.detail, finding
        assert finding.remedies[0].command == f"kubectl describe storageclass dead-{mode.lower()}"


# --- OpenCost


def test_opencost_with_its_mcp_server_off_and_behind_its_own_policy(here: Ground) -> None:
    """S1.13, S1.50: both mended by typing what is said."""
    admin, space = here.site.cluster, "refusals-opencost"
    closed = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "only-ui"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 9003}]}]},
    }
    look = ("--check", "opencost-mcp")
    try:
        opencost(here.site, namespace=space, mcp=False)
        off = verdict(here.preflight(*look, cluster__opencostNamespace=space), "opencost-mcp")
        here.type(off.remedies[0].command)
        admin.kubectl("-n", space, "rollout", "status", "deployment/opencost", "--timeout=60s")
        verdict(here.preflight(*look, cluster__opencostNamespace=space), "opencost-mcp", Grade.PASS)
        admin.apply(closed, namespace=space)
        barred = verdict(here.preflight(*look, cluster__opencostNamespace=space), "opencost-mcp")
        here.type(barred.remedies[0].command)
        verdict(here.preflight(*look, cluster__opencostNamespace=space), "opencost-mcp", Grade.PASS)
    finally:
        admin.kubectl("delete", "namespace", space, "--ignore-not-found", "--wait=false")
    assert off.remedies[0].command.endswith("MCP_SERVER_ENABLED=true")
    assert "refused" in off.title
    assert "only-ui do not let the bridge in on 8081" in barred.detail
    here.untouched()


# --- releases


def test_a_release_is_stuck_in_pending_install(here: Ground, tmp_path: Path) -> None:
    """facts 8: a real Helm, killed in the middle, that was not ours; Helm's own way out is named and works."""
    space = here.namespace
    _killed_helm(here, tmp_path)
    refused = here.preflight("--check", "release-state")
    finding = verdict(refused, "release-state")
    assert finding.title == "release opencost-ai is pending-install: Helm refuses to touch it"
    assert finding.remedies[0].command == f"helm uninstall opencost-ai --namespace {space}"
    here.type(finding.remedies[0].command)
    verdict(here.preflight("--check", "release-state"), "release-state", Grade.PASS)
    here.untouched()


def _killed_helm(here: Ground, folder: Path) -> None:
    """`helm install --wait` of a pod that never starts, ended by SIGKILL."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: opencost-ai\nversion: 0.1.0\n")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "never"},
        "spec": {
            "nodeSelector": {"no": "where"},
            "containers": [{"name": "x", "image": "cluster.test/busybox:1"}],
        },
    }
    (chart / "templates" / "pod.yaml").write_text(yaml.safe_dump(pod))
    cluster, space = here.site.cluster, here.namespace
    env = {**os.environ, **cluster.env, "HOME": str(folder)}
    words = [tool("helm3"), "install", "opencost-ai", chart, "--namespace", space, "--wait"]
    with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:

        def pending() -> bool:
            labels = "owner=helm,status=pending-install"
            return bool(cluster.get("secrets", "-n", space, "-l", labels)["items"]) and bool(
                cluster.get("pods", "-n", space)["items"]
            )

        try:
            wait_until(pending, "the release is pending", 30)
        finally:
            helm.send_signal(signal.SIGKILL)


# --- nothing is installed where policies mean nothing


def test_nobody_enforces_policies_and_nothing_is_installed(here: Ground) -> None:
    """S1.9, S1.39: the whole journey, exit 3, and the namespace is as it was."""
    with here.site.cluster.unenforced():
        ran = here.run()
    assert ran.code == 3, ran.story
    assert ran.problem.code == "preflight-failed"
    assert ran.graded(Grade.FAIL) == {"cni-enforces-policy"}, ran.story
    finding = ran.findings["cni-enforces-policy"]
    assert finding.title.startswith("NetworkPolicy is accepted and not enforced")
    assert "the air gap would be on paper" in finding.detail
    assert "enforces NetworkPolicy" in finding.remedies[0].text
    assert set(ran.outcomes) == {"accept-bundle", "mirror-probe", "preflight"}
    here.untouched()
