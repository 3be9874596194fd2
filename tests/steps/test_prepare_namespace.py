"""prepare-namespace: made once, kept as it is, never printing a secret (S1.29, S1.33, S1.34, S4.17)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.facts.fakes import HOST, FakeCluster, answers
from tests.steps.worlds import Run
from wizard.cluster.port import Obj, PodResult
from wizard.engine.codec import encode
from wizard.engine.problems import Problem
from wizard.oci.sites import Site, Sites
from wizard.steps.prepare_namespace import PrepareNamespace


def secret(cluster: FakeCluster, name: str) -> dict[str, str]:
    found = cluster.get("Secret", name, "opencost-ai")
    assert found is not None
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def prepared(tmp_path: Path) -> tuple[FakeCluster, Run]:
    cluster = FakeCluster(
        {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "opencost-ai"}}
    )
    run = Run(cluster, tmp_path)
    assert PrepareNamespace().already(run.ctx) is None
    PrepareNamespace().run(run.ctx)
    return cluster, run


def test_everything_is_made_and_then_already_there(tmp_path: Path) -> None:
    cluster, run = prepared(tmp_path)
    labels = cluster.get("Namespace", "opencost-ai")["metadata"]["labels"]  # type: ignore[index]
    assert [labels[f"pod-security.kubernetes.io/{m}"] for m in ("enforce", "audit", "warn")] == [
        "restricted"
    ] * 3
    token = secret(cluster, "opencost-ai-auth")["token"]
    assert len(bytes.fromhex(token)) == 32
    auths = json.loads(secret(cluster, "internal-registry")[".dockerconfigjson"])["auths"]
    assert auths[HOST]["password"] == "s3cret-word"
    deny = cluster.get("NetworkPolicy", "airgap-default-deny", "opencost-ai")
    assert deny is not None and deny["spec"] == {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
    evidence = PrepareNamespace().already(run.ctx)
    assert evidence == PrepareNamespace().run(run.ctx)
    assert secret(cluster, "opencost-ai-auth")["token"] == token, "a token that is there is never overwritten"
    told = json.dumps([encode(event) for event in run.events]) + json.dumps(evidence)
    assert token not in told and "s3cret-word" not in told


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.objects["Namespace", "", "opencost-ai"]["metadata"]["labels"].update(
            {"pod-security.kubernetes.io/enforce": "baseline"}
        ),
        lambda c: c.objects["Secret", "opencost-ai", "internal-registry"]["data"].update(
            {".dockerconfigjson": "e30="}
        ),
        lambda c: c.objects["Secret", "opencost-ai", "internal-registry"]["data"].clear(),
        lambda c: c.objects["Secret", "opencost-ai", "opencost-ai-auth"]["data"].update({"token": ""}),
        lambda c: c.delete("Secret", "opencost-ai-auth", "opencost-ai"),
        lambda c: c.delete("NetworkPolicy", "airgap-default-deny", "opencost-ai"),
        lambda c: c.objects["NetworkPolicy", "opencost-ai", "airgap-default-deny"]["spec"].update(
            {"egress": [{}]}
        ),
    ],
)
def test_what_was_changed_is_seen_and_mended(tmp_path: Path, change: Any) -> None:
    cluster, run = prepared(tmp_path)
    change(cluster)
    assert PrepareNamespace().already(run.ctx) is None
    PrepareNamespace().run(run.ctx)
    assert PrepareNamespace().already(run.ctx) is not None


def test_further_hosts_in_the_pull_secret_are_no_difference(tmp_path: Path) -> None:
    cluster, run = prepared(tmp_path)
    found = cluster.objects["Secret", "opencost-ai", "internal-registry"]["data"]
    value = json.loads(base64.b64decode(found[".dockerconfigjson"]))
    value["auths"]["other.example"] = {"auth": "eDp5"}
    found[".dockerconfigjson"] = base64.b64encode(json.dumps(value).encode()).decode()
    assert PrepareNamespace().already(run.ctx) is not None


def test_without_default_deny_our_policy_goes(tmp_path: Path) -> None:
    cluster, _ = prepared(tmp_path)
    run = Run(cluster, tmp_path, answers(default_deny=False))
    assert PrepareNamespace().already(run.ctx) is None
    assert PrepareNamespace().run(run.ctx)["defaultDeny"] is False
    assert cluster.get("NetworkPolicy", "airgap-default-deny", "opencost-ai") is None


def test_an_anonymous_registry_gets_no_secret(tmp_path: Path) -> None:
    cluster = FakeCluster()
    run = Run(cluster, tmp_path, sites=Sites({HOST: Site(HOST, f"https://{HOST}", anonymous=True)}))
    assert PrepareNamespace().run(run.ctx)["pullSecret"] == ""
    assert cluster.get("Secret", "internal-registry", "opencost-ai") is None
    assert any("anonymously" in text for text in run.said)


def test_the_secret_is_tried_where_it_will_be_used(tmp_path: Path) -> None:
    """S4.16, S4.17: 401 in the target namespace is told here, not by an ImagePullBackOff later."""
    cluster = FakeCluster(
        {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "opencost-ai"}}
    )
    pods: list[Obj] = []

    def refuse(pod: Obj) -> PodResult:
        pods.append(pod)
        raise Problem("pod-did-not-start", "no", detail="failed to fetch anonymous token … 401 Unauthorized")

    cluster.on_run = refuse
    with pytest.raises(Problem) as caught:
        PrepareNamespace().run(Run(cluster, tmp_path).ctx)
    assert caught.value.code == "pull-secret-refused"
    assert "refused-credentials" in caught.value.title and "401" in caught.value.detail
    assert pods[0]["metadata"]["namespace"] == "opencost-ai"
    assert pods[0]["spec"]["imagePullSecrets"] == [{"name": "internal-registry"}]


def test_a_secret_of_another_type_is_refused_by_name(tmp_path: Path) -> None:
    other = {
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "internal-registry", "namespace": "opencost-ai"},
    }
    with pytest.raises(Problem) as caught:
        PrepareNamespace().run(Run(FakeCluster(other), tmp_path).ctx)
    assert caught.value.code == "pull-secret-other-type"
