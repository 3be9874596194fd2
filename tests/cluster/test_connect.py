"""Connecting: the pod's ServiceAccount by default, a kubeconfig only where one is named (S2.37)."""

import json
from pathlib import Path

import pytest

from wizard.cluster.real import connect as module
from wizard.cluster.real.connect import connect
from wizard.engine.problems import Problem


def kubeconfig(path: Path) -> Path:
    """Two contexts; JSON is YAML."""
    clusters = [
        {"name": n, "cluster": {"server": f"https://{n}.example:6443", "insecure-skip-tls-verify": True}}
        for n in ("one", "two")
    ]
    contexts = [{"name": n, "context": {"cluster": n, "user": "u"}} for n in ("one", "two")]
    users = [{"name": "u", "user": {"token": "k8s-t0ken"}}]
    whole = {"clusters": clusters, "contexts": contexts, "users": users, "current-context": "one"}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **whole}))
    return path


def test_outside_a_pod_a_kubeconfig_must_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$KUBECONFIG and ~/.kube/config are not taken by themselves: the cluster that is changed is named."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config")))
    with pytest.raises(Problem) as caught:
        connect(None, "")
    assert (caught.value.code, caught.value.exit_code) == ("cluster-not-configured", 2)


def test_in_a_pod_its_account_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kubernetes.config import incluster_config

    token, ca = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("from-the-pod")
    ca.write_text("no certificate, nothing is called here")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(module, "_ACCOUNT", token)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(ca))
    # the client would read the CA, and there is nobody to trust here
    monkeypatch.setattr("kubernetes.client.ApiClient", lambda configuration: configuration)
    found = connect(None, "")
    assert found.host == "https://10.96.0.1:443"
    assert found.auth_settings()["BearerToken"]["value"] == "bearer from-the-pod"


@pytest.mark.parametrize(("context", "host"), [("", "one"), ("two", "two")])
def test_the_context_that_is_named(tmp_path: Path, context: str, host: str) -> None:
    client = connect(kubeconfig(tmp_path / "config"), context)
    assert client.configuration.host == f"https://{host}.example:6443"
    client.close()


def test_the_token_is_kept_out_of_what_is_said(tmp_path: Path) -> None:
    from wizard.engine.redact import redactor

    connect(kubeconfig(tmp_path / "config"), "").close()
    assert "k8s-t0ken" not in redactor.text("the header was: Bearer k8s-t0ken")


def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The API server is inside; a proxy leads outside."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    client = connect(kubeconfig(tmp_path / "config"), "")
    assert client.configuration.proxy is None
    client.close()


@pytest.mark.parametrize(
    ("content", "context", "words"),
    [
        (None, "", "no such file"),
        ("{}", "", "Invalid kube-config"),
        ("", "", ""),
        (": no yaml : [", "", ""),
        ("full", "three", "three"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(
    tmp_path: Path, content: str | None, context: str, words: str
) -> None:
    path = tmp_path / "config"
    if content == "full":
        kubeconfig(path)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(Problem) as caught:
        connect(path, context)
    assert (caught.value.code, caught.value.exit_code) == ("kubeconfig-not-valid", 2)
    assert str(path) in caught.value.title
    assert words in caught.value.detail
