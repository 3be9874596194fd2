"""What every adapter of the cluster port does alike with pods: runs, words from inside, networks and policies.

Each function takes a Bench; `tests/contracts/cluster.py` lists them with the others.
"""

import json
from typing import Any

import pytest

from tests.contracts.bench import Bench, deny_egress, running
from wizard.cluster.port import Obj, PodResult
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop

STOP = Stop()


def said(result: PodResult) -> list[dict[str, Any]]:
    """What the probe printed."""
    return [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]


def run_pod_gives_output_and_is_gone(bench: Bench) -> None:
    """A pod runs to its end; its lines are heard as they come; nothing is left."""
    with bench.namespace() as space:
        heard: list[str] = []
        pod = bench.pod(space, "look", ["resolve", "kubernetes.default.svc"])
        result = bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP, output=heard.append)
        assert result.exit_code == 0
        assert result.node
        seen = said(result)
        assert seen[0]["name"] == "kubernetes.default.svc"
        assert seen[0]["outcome"] == "resolved"
        assert seen[0]["addresses"]
        assert [line for line in heard if line.startswith("{")] == [
            line for line in result.output.splitlines() if line.startswith("{")
        ]
        assert bench.cluster.get("Pod", "look", space) is None or going(bench, space, "look")


def going(bench: Bench, space: str, name: str) -> bool:
    found = bench.cluster.get("Pod", name, space)
    return found is None or bool(found["metadata"].get("deletionTimestamp"))


def run_pod_tells_a_failing_command(bench: Bench) -> None:
    """An exit code is a result, no error; `keep` keeps the pod and its log."""
    with bench.namespace() as space:
        pod = bench.pod(space, "wrong", ["dial"])
        result = bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP, keep=True)
        assert result.exit_code == 1
        assert said(result)[0] == {"outcome": "failed", "code": "usage", "detail": "dial takes HOST:PORT"}
        assert "usage" in bench.cluster.logs("wrong", space)
        assert bench.cluster.delete("Pod", "wrong", space)


def run_pod_names_a_missing_image(bench: Bench) -> None:
    """A pod that cannot start says why, in the container runtime's words."""
    with bench.namespace() as space:
        pod = bench.pod(space, "absent", ["sleep", "0"])
        absent = bench.probe.partition("@")[0] + "@sha256:" + "0" * 64
        pod["spec"]["containers"][0]["image"] = absent
        with pytest.raises(Problem) as caught:
            bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP)
        assert caught.value.code == "pod-did-not-start"
        assert "not found" in caught.value.detail
        assert going(bench, space, "absent")


def dial_reaches_a_listener(bench: Bench) -> None:
    """A pod's address and a Service both lead to a listener; a closed port is refused; a strange name is unknown."""
    with bench.namespace() as space:
        bench.cluster.apply(bench.pod(space, "listener", ["serve", ":8080"], labels={"role": "listener"}))
        bench.cluster.apply(_service(space, "front", {"role": "listener"}, 80, 8080))
        address = bench.until("Pod", "listener", space, running)["status"]["podIP"]
        targets = [f"{address}:8080", f"{address}:8081", "no-such-service:80"]
        pod = bench.pod(space, "dialler", ["dial", *targets, "--timeout", "5s"])
        seen = said(bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP))
        assert [s["target"] for s in seen] == targets
        assert [s["outcome"] for s in seen] == ["reached", "refused", "name-unknown"]
        pod = bench.pod(space, "getter", ["get", f"http://front.{space}.svc:80/"])
        seen = said(bench.cluster.run_pod(pod, timeout=bench.patience, stop=STOP))
        assert seen[0]["outcome"] == "answered"
        assert seen[0]["status"] == 200
        assert seen[0]["body"].strip() == "ok"


def _service(space: str, name: str, selector: dict[str, str], port: int, target: int) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": space},
        "spec": {"selector": selector, "ports": [{"port": port, "targetPort": target}]},
    }


def exec_looks_from_inside(bench: Bench) -> None:
    """A command in a running container, and its exit code."""
    with bench.namespace() as space:
        bench.cluster.apply(bench.pod(space, "inside", ["sleep", "300"]))
        bench.until("Pod", "inside", space, running)
        command = ["/probe", "resolve", "kubernetes.default.svc"]
        result = bench.cluster.exec("inside", space, "probe", command, timeout=bench.patience)
        assert result.exit_code == 0
        assert said(result)[0]["outcome"] == "resolved"
        failed = bench.cluster.exec("inside", space, "probe", ["/probe", "dial"], timeout=bench.patience)
        assert failed.exit_code == 1


def policy_closes_what_it_selects(bench: Bench) -> None:
    """A pod under deny reaches nothing, one beside it does: where the network enforces policies (S1.9)."""
    with bench.namespace() as space:
        bench.cluster.apply(deny_egress(space, "deny", {"role": "denied"}))
        bench.cluster.apply(bench.pod(space, "listener", ["serve", ":8080"]))
        for role in ("denied", "open"):
            bench.cluster.apply(bench.pod(space, role, ["sleep", "300"], labels={"role": role}))
        address = bench.until("Pod", "listener", space, running)["status"]["podIP"]
        for role in ("denied", "open"):
            bench.until("Pod", role, space, running)
        assert _settled(bench, space, "open", f"{address}:8080") == "reached"
        denied = _settled(bench, space, "denied", f"{address}:8080")
        assert (denied != "reached") == bench.enforces


def _settled(bench: Bench, space: str, pod: str, target: str) -> str:
    """The outcome once it was the same three times: a new pod's policies take a moment."""
    same: list[str] = []
    for _ in range(30):
        command = ["/probe", "dial", target, "--timeout", "2s"]
        result = bench.cluster.exec(pod, space, "probe", command, timeout=bench.patience)
        same.append(said(result)[-1]["outcome"])
        if len(same) >= 3 and len(set(same[-3:])) == 1:
            break
    return same[-1]


def debug_shares_the_pods_network(bench: Bench) -> None:
    """An ephemeral container sees what the pod sees, and stays in the pod's spec."""
    with bench.namespace() as space:
        bench.cluster.apply(bench.pod(space, "subject", ["serve", ":8080"]))
        bench.until("Pod", "subject", space, running)
        container = bench.container("look", ["get", "http://127.0.0.1:8080/"])
        result = bench.cluster.debug("subject", space, container, timeout=bench.patience, stop=STOP)
        assert result.exit_code == 0
        assert said(result)[0]["status"] == 200
        pod = bench.cluster.get("Pod", "subject", space)
        assert pod is not None
        assert [c["name"] for c in pod["spec"]["ephemeralContainers"]] == ["look"]
        privileged = bench.container("worse", ["sleep", "0"]) | {"securityContext": {"privileged": True}}
        with pytest.raises(Problem) as caught:
            bench.cluster.debug("subject", space, privileged, timeout=bench.patience, stop=STOP)
        assert "violates PodSecurity" in caught.value.detail


PODS = (
    run_pod_gives_output_and_is_gone,
    run_pod_tells_a_failing_command,
    run_pod_names_a_missing_image,
    dial_reaches_a_listener,
    exec_looks_from_inside,
    policy_closes_what_it_selects,
    debug_shares_the_pods_network,
)
