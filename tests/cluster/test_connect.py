"""Connecting: the ServiceAccount by default, a kubeconfig only where one is named (S2.37)."""

from pathlib import Path

import pytest

from wizard.cluster.real.connect import connect
from wizard.engine.problems import Problem

CONFIG = """
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: u, user: {token: abcdef}}]
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: c, user: u}}]
"""


def test_without_pod_and_kubeconfig_the_cluster_is_not_configured(monkeypatch):
    """S2.37: no default kubeconfig is looked for, also where KUBECONFIG names one."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")
    with pytest.raises(Problem) as caught:
        connect(None, "")
    assert caught.value.code == "cluster-not-configured" and caught.value.exit_code == 2


def test_a_named_kubeconfig_is_used_and_no_proxy_of_the_environment(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    path = tmp_path / "config"
    path.write_text(CONFIG)
    client = connect(path, "two")
    assert client.configuration.host == "https://127.0.0.1:6443"
    assert not client.configuration.proxy
    client.close()


@pytest.mark.parametrize(("text", "context"), [(None, ""), (CONFIG, "three"), ("a: [", ""), ("", "")])
def test_a_kubeconfig_that_is_none_is_kubeconfig_not_valid(tmp_path: Path, text: str | None, context: str):
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Problem) as caught:
        connect(path, context)
    assert caught.value.code == "kubeconfig-not-valid" and str(path) in caught.value.title
