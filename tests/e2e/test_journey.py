"""From nothing to a proved install on a real cluster, headless, from one answers file, by an account that is no administrator."""

import json

import pytest

from tests.e2e.conftest import Installed
from tests.e2e.site import COSTS, KNOWN_TO_OPENCOST, MODEL
from wizard.checks.base import Moment
from wizard.checks.registry import at
from wizard.engine.events import Grade
from wizard.steps import JOURNEYS

pytestmark = [pytest.mark.real, pytest.mark.cluster, pytest.mark.timeout(900)]
STEPS = JOURNEYS["install"]


def test_every_step_is_done_and_every_check_passes(installed: Installed) -> None:
    """S1.36, S1.37, S1.43: internal registry with TLS, password and private CA; exit 0; nothing unknown that could be known."""
    ran = installed.first
    assert ran.code == 0, ran.story
    assert set(ran.outcomes) == set(STEPS)
    assert set(ran.outcomes.values()) <= {"done", "already"}, ran.story
    assert ran.graded(Grade.FAIL) == set()
    assert ran.graded(Grade.UNKNOWN) == set(), ran.story
    # this class cannot grow a volume: a warning, and true
    assert ran.graded(Grade.WARN) <= {"storage-class-exists"}, ran.story
    asked = {check.id for moment in (Moment.BEFORE, Moment.AFTER) for check in at(moment)}
    assert set(ran.findings) == asked | {"values-rendered"}


def test_the_answer_holds_what_only_opencost_knows(installed: Installed) -> None:
    """S1.37: gateway → bridge → OpenCost's MCP → bridge → the real Ollama with the model from the volume."""
    tools = installed.first.findings["tools-proven"]
    assert KNOWN_TO_OPENCOST in tools.title
    assert tools.evidence["toolCalled"] is True
    assert tools.evidence["results"] == "good"
    assert tools.evidence["bridgeTools"] == 2
    question = installed.first.findings["question-answered"]
    assert COSTS in json.dumps(question.evidence) + question.detail


def test_images_run_by_the_recorded_digests_from_inside(installed: Installed) -> None:
    """S1.2, S1.20, S1.40, S1.44: every image of every pod, the ephemeral containers included, is the internal registry's."""
    host = installed.site.cluster.registry_host
    recorded = {
        name: row["digest"]
        for step in ("mirror-probe", "mirror-images")
        for name, row in installed.first.evidence[step]["images"].items()
    }
    for component in ("gateway", "bridge", "ollama"):
        pod = installed.pods[component]
        spec = pod["spec"]
        containers = [
            *spec["containers"],
            *spec.get("initContainers", []),
            *spec.get("ephemeralContainers", []),
        ]
        assert all(c["image"].startswith(f"{host}/opencost-ai/") for c in containers)
        (status,) = pod["status"]["containerStatuses"]
        assert status["imageID"].endswith(recorded[component])
        assert any(c["image"].endswith(recorded["probe"]) for c in spec["ephemeralContainers"])


def test_the_model_is_ollamas_own_from_the_volume(installed: Installed) -> None:
    """S1.3, S1.27: listed by Ollama, on the claim that the StatefulSet took, which the loader made before."""
    (pod,) = installed.site.pods(installed.namespace, "ollama")
    name = pod["metadata"]["name"]
    listed = installed.site.cluster.kubectl("-n", installed.namespace, "exec", name, "--", "ollama", "list")
    assert MODEL in listed
    claims = installed.site.cluster.get("pvc", "-n", installed.namespace)["items"]
    assert [c["metadata"]["name"] for c in claims] == ["models-opencost-ai-ollama-0"]
    assert claims[0]["metadata"]["creationTimestamp"] < pod["metadata"]["creationTimestamp"]
    owner = installed.site.cluster.on_volume(claims[0]["spec"]["volumeName"])
    assert owner == {65532}, "written as the user that Ollama runs as"


def test_the_account_is_no_administrator(installed: Installed) -> None:
    """The shipped roles, and no more: what an install does not need is refused."""
    run = installed.site.kubectl
    for words in (
        ("*", "*"),
        ("get", "secrets", "-n", "kube-system"),
        ("list", "secrets", "--all-namespaces"),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
        ("create", "deployments.apps", "-n", "default"),
        ("delete", "nodes"),
        ("impersonate", "users"),
    ):
        assert run("auth", "can-i", *words, check=False).strip() == "no", words
    assert run("auth", "can-i", "create", "pods", "-n", "default").strip() == "yes"


def test_nothing_is_left_over(installed: Installed) -> None:
    """Scratch namespaces, guests, the loader, its policy and CA: all gone."""
    installed.site.nothing_left(installed.namespace)
    policies = installed.site.cluster.get("networkpolicies", "-n", installed.namespace)["items"]
    assert {p["metadata"]["name"] for p in policies} == {
        "airgap-default-deny",
        "opencost-ai-gateway",
        "opencost-ai-bridge",
        "opencost-ai-ollama",
    }


def test_no_secret_is_written_anywhere(installed: Installed) -> None:
    """Password, token of the gateway, token of the account: in no file of the run, in no values, in no event."""
    site = installed.site
    secret = site.cluster.get("secret", "opencost-ai-auth", "-n", installed.namespace)
    import base64

    token = base64.b64decode(secret["data"]["token"]).decode()
    assert len(token) == 64  # S1.34: 32 random bytes in hex
    account = site.kubeconfig.read_text().partition("token: ")[2].split()[0]
    password = site.cluster.registry.password
    login = base64.b64encode(f"{site.cluster.registry.user}:{password}".encode()).decode()
    files = [p for p in site.folder.rglob("*") if p.is_file() and p != site.kubeconfig]
    assert len(files) > 5
    for needle in (token, account, password, login):
        hits = [p for p in files if needle.encode() in p.read_bytes()]
        assert hits == []
        assert needle not in installed.first.said


def test_a_second_run_finds_everything_done(installed: Installed) -> None:
    """Every step `already`, the same evidence, not a byte moved, no pod replaced."""
    before = {
        c: installed.site.pods(installed.namespace, c)[0]["metadata"]["uid"]
        for c in ("gateway", "bridge", "ollama")
    }
    again = installed.site.run(installed.answers)
    assert again.code == 0, again.story
    assert set(again.outcomes.values()) == {"already"}, again.story
    assert again.moved == 0
    # where its chart was packed is a path of the run's own folder
    for step in STEPS:
        assert again.evidence[step] == installed.first.evidence[step], step
    after = {c: installed.site.pods(installed.namespace, c)[0]["metadata"]["uid"] for c in before}
    assert after == before
    installed.site.nothing_left(installed.namespace)


def test_the_record_is_beside_the_release(installed: Installed) -> None:
    """What was proved can be read by whoever comes later."""
    (record,) = [
        c
        for c in installed.site.cluster.get("configmaps", "-n", installed.namespace)["items"]
        if c["metadata"]["name"].endswith("-airgap-record")
    ]
    told = json.loads(record["data"]["record.json"])
    assert told["rehearsal"] == ""
    assert set(told["verify"]["checks"].values()) == {"pass"}
    assert set(told["verify"]["egress"]) == {"gateway", "bridge", "ollama"}


def test_policies_taken_away_fail_the_install_though_all_else_is_green(installed: Installed) -> None:
    """S1.39: one address reached is enough."""
    site, space = installed.site, installed.namespace
    site.cluster.kubectl("-n", space, "delete", "networkpolicies", "--all")
    ran = site.run(installed.answers, "--only", "verify")
    mended = site.run(installed.answers, "--until", "install-chart", "--from", "mirror-images")
    assert ran.code == 3, ran.story
    assert ran.problem.code == "verification-failed"
    assert ran.graded(Grade.FAIL) == {"egress-refused", "namespace-denied-by-default"}, ran.story
    assert ran.graded(Grade.UNKNOWN) == set(), ran.story
    denied = ran.findings["namespace-denied-by-default"]
    assert denied.title == f"the default-deny policy of {space} is gone"
    assert denied.evidence == {"asked": True, "policy": False, "elsewhere": "reached", "here": "reached"}
    egress = ran.findings["egress-refused"]
    assert "reached 198.51.100.10:8080" in egress.title
    assert {row["198.51.100.10:8080"] for row in egress.evidence["matrix"].values()} == {"reached"}
    assert ran.findings["question-answered"].grade is Grade.PASS
    assert ran.findings["tools-proven"].grade is Grade.PASS
    assert mended.code == 0, mended.story
    assert len(site.cluster.get("networkpolicies", "-n", space)["items"]) == 4, (
        "the next run brings them back"
    )
