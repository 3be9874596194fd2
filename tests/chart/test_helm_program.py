"""The Helm adapter as a process: arguments, environment, stop, time, words; with a program that plays Helm."""

import json
import os
import threading

import pytest

from tests.real.process import wait_until
from wizard.cluster.helm.adapter import RealHelm
from wizard.cluster.helm.environment import environment
from wizard.cluster.helm.lock import Held, idle, ours, working
from wizard.engine.problems import Problem, Stopped
from wizard.engine.redact import redactor
from wizard.engine.stop import Stop


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("AIRGAP_WIZARD_HELM", raising=False)


HISTORY = [{"revision": 3, "updated": "2026-01-01T00:00:00Z", "status": "deployed", "chart": "opencost-ai-0.1.0",
            "app_version": "0.1.0", "description": "Upgrade complete"}]  # fmt: skip


def helm(tmp_path, body="exit 0", version="v3.19.5", **more):
    """A program that notes its arguments and environment, then does `body`."""
    program = tmp_path / "helm"
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$*" >> {tmp_path}/argv\nenv > {tmp_path}/env\n'
        f'case "$1" in version) printf "{version}"; exit 0;; '
        f"history) cat {tmp_path}/history; exit 0;; esac\n{body}\n"
    )
    program.chmod(0o755)
    (tmp_path / "history").write_text(json.dumps(HISTORY))
    return RealHelm(tmp_path / "home", program=str(program), **more)


def upgrade(adapter, stop=None, timeout=300.0, **more):
    return adapter.upgrade(
        "/c.tgz",
        "rel",
        "ns",
        ["a.yaml", "b.yaml"],
        {"x.y": "a,b"},
        timeout=timeout,
        stop=stop or Stop(),
        **more,
    )


def argv(tmp_path):
    return (tmp_path / "argv").read_text().splitlines()


def test_the_command_is_that_of_the_contract(tmp_path):
    """S1.35."""
    release = upgrade(helm(tmp_path))
    assert argv(tmp_path)[1] == (
        "upgrade --install rel /c.tgz --values a.yaml --values b.yaml --set x.y=a\\,b --history-max 10 "
        "--wait --timeout 300s --namespace ns"
    )
    assert (release.revision, release.status, release.chart) == (3, "deployed", "opencost-ai-0.1.0")


def test_context_and_no_wait(tmp_path):
    upgrade(helm(tmp_path, context="site-a"), wait=False)
    assert argv(tmp_path)[1].endswith("--timeout 300s --namespace ns --kube-context site-a")
    assert "--wait" not in argv(tmp_path)[1]


def test_nothing_of_the_operators_helm_or_secrets_gets_in(tmp_path, monkeypatch):
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_DRIVER", "memory")
    monkeypatch.setenv("KUBECONFIG", "/somebody/elses")
    monkeypatch.setenv("REGISTRY_PASSWORD", "geheim123")
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.outside.example:3128")
    helm(tmp_path).version()
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "env").read_text().splitlines())
    assert "HELM_NAMESPACE" not in seen
    assert "HELM_DRIVER" not in seen
    assert "REGISTRY_PASSWORD" not in seen
    assert "HTTPS_PROXY" not in seen
    assert seen["NO_PROXY"] == "10.0.0.0/8"
    assert seen["KUBECONFIG"] == str(tmp_path / "home" / "no-kubeconfig")
    for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        assert seen[name].startswith(str(tmp_path / "home"))


def test_a_kubeconfig_only_where_one_is_named(tmp_path):
    """S2.37."""
    assert environment(tmp_path, tmp_path / "kc", {})["KUBECONFIG"] == str(tmp_path / "kc")
    empty = environment(tmp_path, None, {})["KUBECONFIG"]
    assert os.stat(empty).st_size == 0
    assert os.stat(empty).st_mode & 0o077 == 0


@pytest.mark.parametrize("version", ["v3.16.0", "v3.19.5", "v4.2.4", "v3.20.0-rc.1"])
def test_new_enough(tmp_path, version):
    """S1.6, S2.41."""
    assert helm(tmp_path, version=version).version() == version


@pytest.mark.parametrize("version", ["v3.15.4", "v2.17.0", "", "devel"])
def test_too_old(tmp_path, version):
    """S1.6."""
    with pytest.raises(Problem) as caught:
        helm(tmp_path, version=version).version()
    assert caught.value.code == "helm-too-old"
    with pytest.raises(Problem):
        upgrade(helm(tmp_path, version=version))


def test_not_there(tmp_path):
    with pytest.raises(Problem) as caught:
        RealHelm(tmp_path / "home", program=str(tmp_path / "absent")).version()
    assert caught.value.code == "helm-not-found"
    assert any("AIRGAP_WIZARD_HELM" in remedy.command for remedy in caught.value.remedies)


def test_the_program_can_be_named(tmp_path, monkeypatch):
    helm(tmp_path)
    monkeypatch.setenv("AIRGAP_WIZARD_HELM", str(tmp_path / "helm"))
    assert RealHelm(tmp_path / "home").version() == "v3.19.5"


WORDS = {
    "release-stuck": "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
    "helm-name-in-use": "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
    "helm-timeout": "Error: UPGRADE FAILED: context deadline exceeded",
    "helm-immutable-field": 'Error: UPGRADE FAILED: cannot patch "o" with kind StatefulSet: StatefulSet.apps "o" is '
    "invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
    "cluster-unreachable": 'Error: Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/version": dial tcp: refused',
    "cluster-forbidden": 'Error: query: failed to query with labels: secrets is forbidden: User "x" cannot list resource '
    '"secrets" in API group "" in the namespace "ns"',
    "helm-foreign-object": 'Error: UPGRADE FAILED: Unable to continue with install: Service "o" in namespace "ns" exists '
    "and cannot be imported into the current release: invalid ownership metadata",
    "helm-conflict": 'Error: UPGRADE FAILED: conflict occurred while applying object: Apply failed with 1 conflict: '
    'conflict with "kubectl-edit" using apps/v1: .spec.replicas',
    "cluster-refused": 'Error: UPGRADE FAILED: services "o" is forbidden: exceeded quota: q, requested: services=1',
    "namespace-missing": 'Error: create: failed to create: namespaces "ns" not found',
    "chart-needs-other-kubernetes": "Error: chart requires kubeVersion: >=1.99.0-0 which is incompatible with Kubernetes v1.34.4",
    "chart-does-not-render": "Error: UPGRADE FAILED: template: opencost-ai/templates/x.yaml:3:4: executing nil pointer evaluating",
    "helm-failed": "Error: UPGRADE FAILED: something nobody has seen before",
}  # fmt: skip


@pytest.mark.parametrize("code", WORDS)
def test_words_become_causes(tmp_path, code):
    (tmp_path / "words").write_text(WORDS[code])
    with pytest.raises(Problem) as caught:
        upgrade(helm(tmp_path, f"cat {tmp_path}/words >&2; exit 1"))
    problem = caught.value
    assert problem.code == code
    assert problem.detail == WORDS[code]
    assert problem.remedies
    assert problem.evidence["release"] == "rel"


def test_noise_is_left_out(tmp_path):
    body = 'echo "WARNING: Kubernetes configuration file is group-readable. This is insecure" >&2; echo "Error: x" >&2; exit 1'
    with pytest.raises(Problem) as caught:
        upgrade(helm(tmp_path, body))
    assert caught.value.detail == "Error: x"


def test_a_secret_in_helms_words_is_masked(tmp_path):
    redactor.learn("s3cret-token-value")
    with pytest.raises(Problem) as caught:
        upgrade(helm(tmp_path, 'echo "Error: bad s3cret-token-value" >&2; exit 1'))
    assert "s3cret-token-value" not in caught.value.detail


def test_a_stop_ends_helm_with_sigterm(tmp_path):
    body = f"trap 'echo term > {tmp_path}/ended; exit 1' TERM; touch {tmp_path}/begun; while :; do sleep 0.05; done"
    stop = Stop()

    def later():
        try:
            wait_until((tmp_path / "begun").exists, "the program begins")
        finally:
            stop.set()

    thread = threading.Thread(target=later)
    thread.start()
    with pytest.raises(Stopped):
        upgrade(helm(tmp_path, body), stop)
    thread.join()
    assert (tmp_path / "ended").read_text() == "term\n"


def test_a_helm_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("wizard.cluster.helm.adapter._SHORT", 0.3)
    with pytest.raises(Problem) as caught:
        upgrade(helm(tmp_path, "exec sleep 600"), timeout=0.1)
    assert caught.value.code == "helm-hung"


HELD = Held("", "", "ns", "rel")


def test_a_helm_left_behind_is_waited_for(tmp_path):
    """A run that is killed leaves its helm at work: the lock is that helm's as long as it lives."""
    with working(HELD, Stop(), 1) as lock:
        left = os.dup(lock)
        os.set_inheritable(left, True)
    assert not idle(HELD)
    with pytest.raises(Problem) as caught:
        upgrade(helm(tmp_path), timeout=0.3)
    assert caught.value.code == "release-busy"
    os.close(left)
    assert idle(HELD)
    upgrade(helm(tmp_path))


def test_a_killed_helm_of_ours_is_known_as_ours():
    assert not ours(HELD)
    with pytest.raises(RuntimeError), working(HELD, Stop(), 1):
        raise RuntimeError  # as a process that dies does: nothing is tidied
    assert ours(HELD)
    with working(HELD, Stop(), 1):
        pass
    assert not ours(HELD)


def test_no_release_is_no_problem(tmp_path):
    adapter = helm(tmp_path)
    (tmp_path / "helm").write_text(
        '#!/bin/sh\ncase "$1" in version) printf v4.2.4;; *) echo "Error: release: not found" >&2; exit 1;; esac\n'
    )
    assert adapter.release("rel", "ns") is None
    assert adapter.history("rel", "ns") == []
    assert adapter.values("rel", "ns") == {}
    assert adapter.uninstall("rel", "ns", timeout=5, stop=Stop()) is False


def test_values_as_given(tmp_path):
    assert helm(tmp_path, "echo null").values("rel", "ns") == {}
    assert helm(tmp_path, "echo '{\"a\": 1}'").values("rel", "ns") == {"a": 1}


def test_rollback_and_uninstall(tmp_path):
    adapter = helm(tmp_path)
    assert adapter.rollback("rel", "ns", 2, timeout=60, stop=Stop()).revision == 3
    assert adapter.uninstall("rel", "ns", timeout=60, stop=Stop()) is True
    assert argv(tmp_path)[1] == "rollback rel 2 --history-max 10 --wait --timeout 60s --namespace ns"
    assert argv(tmp_path)[3] == "uninstall rel --wait --timeout 60s --namespace ns"


AWAY = (
    'Error: Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/version": connect: connection refused'
)


def away(tmp_path, times):
    """A Helm that finds the API server away so many times, then has its history."""
    program = tmp_path / "helm"
    program.write_text(
        f"#!/bin/sh\ncase $1 in version) printf v3.19.5; exit 0;; esac\necho x >>{tmp_path}/asked\n"
        f"[ $(wc -l <{tmp_path}/asked) -gt {times} ] && exec cat {tmp_path}/history\necho '{AWAY}' >&2; exit 1\n"
    )
    program.chmod(0o755)
    (tmp_path / "history").write_text(json.dumps(HISTORY))
    return str(program)


def test_a_run_waits_for_an_api_server_that_is_away(tmp_path):
    """Also where it is Helm that asks; a look without a run asks once."""
    stop = Stop()
    stop.pace = 0.01
    found = RealHelm(tmp_path / "home", program=away(tmp_path, 3), stop=stop).release("rel", "ns")
    assert found is not None and found.revision == 3
    (tmp_path / "asked").unlink()
    with pytest.raises(Problem) as caught:
        RealHelm(tmp_path / "home", program=away(tmp_path, 3)).release("rel", "ns")
    assert caught.value.code == "cluster-unreachable"
    assert (tmp_path / "asked").read_text() == "x\n"


def test_a_stop_ends_that_waiting(tmp_path):
    stop = Stop()
    adapter = RealHelm(tmp_path / "home", program=away(tmp_path, 1000), stop=stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        adapter.release("rel", "ns")
