"""Facts about the finished install, gathered from a cluster."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.facts.fakes import HOST, IMAGES, RECORDED, FakeCluster, answers, sources
from tests.facts.test_workings import OPENCOST, pod, service
from wizard.cluster.objects.names import Names
from wizard.cluster.port import Obj, PodResult
from wizard.engine.problems import Problem
from wizard.facts import on_volume
from wizard.facts.answer import gather_answer, gather_gateway
from wizard.facts.egress import LISTENER, LISTENER_BY_IPV6, OUTSIDE_BY_IPV6, gather_egress, targets
from wizard.facts.on_volume import gather_on_volume
from wizard.facts.pull_secrets import gather_pull_secrets
from wizard.facts.running import gather_recorded, gather_running
from wizard.facts.stray import gather_stray
from wizard.facts.tools import gather_tools

NAMES = Names("opencost-ai", "opencost-ai")


def component(name: str, started: str = "2026-01-01T00:00:00Z", **more: Any) -> Obj:
    image = f"{HOST}/opencost-ai/{name}@sha256:" + "1" * 64
    made = pod(
        f"opencost-ai-{name}-0",
        "opencost-ai",
        NAMES.selector(name),
        nodeName="a",
        containers=[{"name": name, "image": image}],
    )
    made["status"] |= {
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": name, "imageID": image, "state": {"running": {"startedAt": started}}}],
    }
    return made | more


def installed(*more: Obj) -> FakeCluster:
    return FakeCluster(
        component("gateway"),
        component("bridge"),
        component("ollama"),
        service("kube-dns", "kube-system", 53, {"k8s-app": "kube-dns"}),
        service("opencost", "opencost", 9003, OPENCOST),
        *more,
    )


def words(pod: Obj) -> list[str]:
    return list(pod["spec"]["containers"][0]["args"])


def _secret(name: str, kind: str, auths: Any) -> Obj:
    data = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    meta = {"name": name, "namespace": "opencost-ai"}
    return {"kind": "Secret", "metadata": meta, "type": kind, "data": {".dockerconfigjson": data}}


def test_the_pull_secrets_that_pods_name_are_read() -> None:
    """S4.16"""
    docker = "kubernetes.io/dockerconfigjson"
    cluster = installed(
        _secret("good", docker, {f"https://{HOST}/v1/": {}}),
        _secret("opaque", "Opaque", {HOST: {}}),
        _secret("elsewhere", docker, {"ghcr.io": {}}),
    )
    named = [{"name": name} for name in ("good", "opaque", "elsewhere", "gone")]
    cluster.put(component("gateway") | {"spec": {"imagePullSecrets": named}})
    found = gather_pull_secrets(sources(cluster))
    assert dict(found.states) == {
        "good": "good", "opaque": "other-type", "elsewhere": "other-registry", "gone": "missing",
    }  # fmt: skip
    assert dict(found.pods)["opencost-ai-gateway-0"] == ("good", "opaque", "elsewhere", "gone")
    assert found.asked


def test_the_question_comes_from_inside_with_the_token_mounted() -> None:
    """S1.36: no port-forward, no token in an argument; a pod that policies let through."""
    cluster = installed()
    pods: list[Obj] = []
    said = [
        {"outcome": "refused"},
        {
            "outcome": "answered",
            "status": 200,
            "answer": "41.72",
            "model": "granite4.1:8b",
            "tool_calls": [{"name": "opencost.get"}],
            "tool_results": ["41.72"],
            "usage": {"prompt_tokens": 319},
        },
    ]

    def ask(pod: Obj) -> PodResult:
        pods.append(pod)
        policies = [obj for key, obj in cluster.objects.items() if key[0] == "NetworkPolicy"]
        assert policies[0]["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        return PodResult(0, json.dumps(said[min(len(pods), 2) - 1]))

    cluster.on_run = ask
    found = gather_answer(sources(cluster))
    assert (found.outcome, found.tool_calls, found.tool_results, found.prompt_tokens) == (
        "answered",
        ("opencost.get",),
        ("41.72",),
        319,
    )
    assert words(pods[0])[:2] == ["ask", "http://opencost-ai-gateway.opencost-ai.svc:8080/v1/ask"]
    assert pods[0]["spec"]["volumes"][0]["secret"]["secretName"] == "opencost-ai-auth"
    assert not [key for key in cluster.objects if key[0] in ("NetworkPolicy", "Secret")]


def test_a_token_that_is_not_there_is_an_outcome() -> None:
    cluster = installed()
    cluster.on_run = lambda pod: PodResult(1, json.dumps({"outcome": "failed", "code": "token-missing"}))
    assert gather_answer(sources(cluster)).outcome == "token-missing"


def test_health_and_who_is_not_ready() -> None:
    cluster = installed()
    crashing = component("bridge")
    crashing["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {"name": "bridge", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        ],
    }
    cluster.put(crashing)
    cluster.on_logs = lambda pod, container: "one\nRead-only file system"
    body = json.dumps({"status": "ok"})
    cluster.on_run = lambda pod: PodResult(
        0, json.dumps({"outcome": "answered", "status": 200, "body": body})
    )
    found = gather_gateway(sources(cluster))
    assert (found.outcome, found.status) == ("answered", 200)
    ((name, why),) = found.unready
    assert name == "bridge" and "CrashLoopBackOff" in why and "Read-only file system" in why


@pytest.mark.parametrize(
    ("opencost_since", "stale"), [("2025-12-31T23:00:00Z", False), ("2026-01-01T00:00:01Z", True)]
)
def test_tools_by_health_and_log_and_a_session_that_cannot_be_good(opencost_since: str, stale: bool) -> None:
    """facts 8: what the bridge counts is stale after OpenCost's pod was replaced."""
    other = pod("oc", "opencost", OPENCOST, containers=[{"image": "q/opencost:1.118.0"}])
    other["metadata"]["creationTimestamp"] = opencost_since
    cluster = installed(other)
    cluster.on_logs = lambda pod, container: "Total tools available: 0\n…\nTotal tools available: 4\n"
    pods: list[Obj] = []

    def health(pod: Obj) -> PodResult:
        pods.append(pod)
        body = json.dumps({"status": "healthy", "ollama_status": "running", "tools": 4})
        return PodResult(0, json.dumps({"outcome": "answered", "status": 200, "body": body}))

    cluster.on_run = health
    found = gather_tools(sources(cluster))
    assert (found.health, found.logged, found.stale) == (4, 4, stale)
    assert pods[0]["metadata"]["labels"]["app.kubernetes.io/component"] == "gateway"
    assert pods[0]["spec"]["readinessGates"], "the gateway's Service must send it nothing"


def test_a_bridge_that_says_nothing_is_minus_one() -> None:
    cluster = installed()
    cluster.on_run = lambda pod: PodResult(0, json.dumps({"outcome": "timeout", "detail": "i/o timeout"}))
    found = gather_tools(sources(cluster))
    assert (found.health, found.logged, found.detail) == (-1, -1, "i/o timeout")
    cluster.delete("Pod", "opencost-ai-bridge-0", "opencost-ai")
    with pytest.raises(Problem) as caught:
        gather_tools(sources(cluster))
    assert caught.value.code == "bridge-not-found"


def test_every_sort_of_container_is_seen_and_our_own_probes_are_not() -> None:
    """S1.2"""
    gateway = component("gateway")
    gateway["spec"] |= {
        "initContainers": [{"name": "mesh-init", "image": "docker.io/mesh:1"}],
        "ephemeralContainers": [{"name": "debug", "image": "busybox"}],
    }
    looking = pod(
        "p", "opencost-ai", {"airgap-wizard/purpose": "probe"}, containers=[{"name": "x", "image": "x"}]
    )
    other = pod("stranger", "opencost-ai", {}, containers=[{"name": "s", "image": "ghcr.io/s:1"}])
    found = gather_running(sources(installed(gateway, looking, other)))
    rows = {(each.component, each.kind, each.image) for each in found.containers}
    assert ("gateway", "init", "docker.io/mesh:1") in rows
    assert ("gateway", "ephemeral", "busybox") in rows
    assert ("", "container", "ghcr.io/s:1") in rows
    assert not any(each.pod == "p" for each in found.containers)


def test_recorded_digests() -> None:
    found = gather_recorded(sources(FakeCluster()))
    assert dict(found.digests)["bridge"] == IMAGES["bridge"]["digest"]
    assert gather_recorded(sources(FakeCluster(), recorded={})).digests == ()


def test_the_volume_is_read_beside_ollama_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """S1.27: a ReadWriteOnce volume can be attached to one node alone."""
    monkeypatch.setattr(on_volume, "carried_layers", lambda *_: frozenset({"sha256:c"}))
    cluster = installed()
    pods: list[Obj] = []

    def read(pod: Obj) -> PodResult:
        pods.append(pod)
        line = {"model": "granite4.1:8b", "outcome": "whole", "layers": [{"digest": "sha256:c", "size": 1}]}
        return PodResult(0, json.dumps(line))

    cluster.on_run = read
    cluster.on_exec = lambda pod, command: PodResult(0, "NAME  ID\ngranite4.1:8b  abc\n")
    found = gather_on_volume(sources(cluster))
    assert (found.models[0].same, found.listed) == (True, ("granite4.1:8b",))
    assert "--verify" in words(pods[0]) and "affinity" in pods[0]["spec"]
    cluster.on_exec = lambda pod, command: PodResult(126, "not found in $PATH")
    assert gather_on_volume(sources(cluster)).listed is None
    assert gather_on_volume(sources(cluster, recorded=RECORDED | {"carry-model": {}})).models[0].same is None


def test_targets_hold_dns_over_tcp_to_the_outside() -> None:
    assert targets(("[::1]:443", "169.254.169.254:80", "1.1.1.1:443")) == [
        "[::1]:443",
        "169.254.169.254:80",
        "1.1.1.1:443",
        "1.1.1.1:53",
    ]
    assert targets(("x.example:443",)) == ["x.example:443"]


def dialled(args: list[str], reached: set[str]) -> PodResult:
    asked = args[1 : args.index("--timeout")]
    return PodResult(
        0,
        "\n".join(
            json.dumps({"target": t, "outcome": "reached" if t in reached else "timeout"}) for t in asked
        ),
    )


def test_the_matrix_is_seen_from_inside_each_component() -> None:
    """S1.38; resolved contradiction 8: own pod, positive and negative control, nothing random in what is kept."""
    cluster = installed()
    debugged: list[tuple[str, Obj]] = []
    listener = "10.1.2.3:8080"
    cluster.on_run = lambda pod: dialled(words(pod), {listener})

    def debug(name: str, container: Obj) -> PodResult:
        debugged.append((name, container))
        found = cluster.objects["Pod", "opencost-ai", name]
        found["spec"].setdefault("ephemeralContainers", []).append(container)
        allowed = container["args"][1]
        return dialled(container["args"], {allowed, "1.1.1.1:443"} if "ollama" in name else {allowed})

    cluster.on_debug = debug
    found = gather_egress(sources(cluster))
    assert set(found.components) == {"gateway", "bridge", "ollama"}
    assert found.components["gateway"].allowed == ("opencost-ai-bridge.opencost-ai.svc:8000", "reached")
    assert found.components["ollama"].allowed == ("10.96.0.10:53", "reached")
    assert found.components["ollama"].outcomes["1.1.1.1:443"] == "reached"
    assert found.components["bridge"].outcomes[LISTENER] == "timeout"
    assert found.control[LISTENER] == "reached" and found.control["1.1.1.1:443"] == "timeout"
    assert found.left == ("gateway", "bridge", "ollama")
    for _, container in debugged:
        assert "resources" not in container and "targetContainerName" not in container
        assert container["securityContext"]["runAsNonRoot"] is True
        assert "volumeMounts" not in container, "it has nothing of the token"
    names = {container["name"] for _, container in debugged}
    gather_egress(sources(cluster))
    assert {container["name"] for _, container in debugged[3:]}.isdisjoint(names), (
        "a name is used once in a pod"
    )


@pytest.mark.parametrize("of", ["node", "pod", "neither"])
def test_ipv6_is_tried_where_there_is_some(of: str) -> None:
    """S1.38: also where the answers name IPv4 alone; the listener by both of its addresses, as policies may bind one."""
    addresses = [{"type": "InternalIP", "address": "10.0.0.1"}]
    addresses += [{"type": "InternalIP", "address": "fd00::1"}] if of == "node" else []
    cluster = installed({"kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": addresses}})
    both = {"podIPs": [{"ip": "10.1.2.3"}, {"ip": "fd00:1::3"}]}
    found_pod = cluster.get

    def get(kind: str, name: str, namespace: Any = None) -> Obj | None:
        found = found_pod(kind, name, namespace)
        if found and name == "listener" and of == "pod":
            found["status"] |= both
        return found

    cluster.get = get  # type: ignore[method-assign]
    cluster.on_run = lambda pod: dialled(words(pod), {"10.1.2.3:8080", "[fd00:1::3]:8080"})
    cluster.on_debug = lambda name, container: dialled(
        container["args"], {container["args"][1], "[fd00:1::3]:8080"}
    )
    given = answers()
    given = replace(given, proof=replace(given.proof, outside=("1.1.1.1:443",)))
    found = gather_egress(sources(cluster, answers=given))
    tried = set(found.components["bridge"].outcomes)
    expected = {LISTENER, "1.1.1.1:443", "1.1.1.1:53"}
    expected |= {OUTSIDE_BY_IPV6} if of != "neither" else set()
    expected |= {LISTENER_BY_IPV6} if of == "pod" else set()
    assert tried == expected == set(found.control)
    if of == "pod":
        assert found.components["bridge"].outcomes[LISTENER] == "timeout"
        assert found.components["bridge"].outcomes[LISTENER_BY_IPV6] == "reached"


def test_a_component_that_cannot_be_looked_into_is_said() -> None:
    cluster = installed()
    cluster.delete("Pod", "opencost-ai-bridge-0", "opencost-ai")
    cluster.on_run = lambda pod: dialled(words(pod), set())

    def debug(name: str, container: Obj) -> PodResult:
        if "gateway" in name:
            raise Problem("cluster-forbidden", "may not patch pods/ephemeralcontainers")
        return PodResult(0, "")

    cluster.on_debug = debug
    found = gather_egress(sources(cluster))
    assert "may not patch" in found.components["gateway"].why_not
    assert "no bridge pod" in found.components["bridge"].why_not
    assert "did not try" in found.components["ollama"].why_not


def test_a_stray_pod_in_the_namespace() -> None:
    cluster = installed(
        {"kind": "NetworkPolicy", "metadata": {"name": "airgap-default-deny", "namespace": "opencost-ai"}}
    )
    cluster.on_exec = lambda pod, command: dialled(command[1:], set() if "stray" in pod else {command[2]})
    found = gather_stray(sources(cluster))
    assert (found.asked, found.policy, found.control, found.outcome) == (True, True, "reached", "timeout")
    assert not [key for key in cluster.objects if "stray" in key[2] or "scratch" in key[2]]
