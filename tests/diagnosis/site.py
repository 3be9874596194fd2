"""A healthy site as a bundle, for cases to lay something over: objects in the API's own form, short."""

import copy
import json
from pathlib import Path
from typing import Any

import yaml

from wizard.diagnosis.cause import Diagnosis
from wizard.diagnosis.diagnose import diagnose
from wizard.diagnosis.scene import Scene
from wizard.engine.codec import line
from wizard.engine.events import Ended, Fault, Finding, Found, Grade, Outcome, Planned, PlannedStep, Started
from wizard.support.format import Bundle, Collected, Got, Manifest
from wizard.support.scene import scene_of

SPACE = "opencost-ai"
HOST = "registry.internal.example"
CASES = Path(__file__).parent / "cases"
NOW = "2026-03-01T12:00:00Z"
_DIGEST = {"gateway": "1" * 64, "bridge": "2" * 64, "ollama": "3" * 64}
_IMAGE = {"gateway": "opencost-ai-gateway", "bridge": "ollama-mcp-bridge", "ollama": "ollama"}
_WORKLOAD = {"gateway": "Deployment", "bridge": "Deployment", "ollama": "StatefulSet"}
ENV = {"gateway": [{"name": "OPENCOST_AI_DEFAULT_MODEL", "value": "granite4.1:8b"}]}


def labels(component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "opencost-ai",
        "app.kubernetes.io/instance": "opencost-ai",
        "app.kubernetes.io/component": component,
    }


def image(component: str) -> str:
    return f"{HOST}/opencost-ai/{_IMAGE[component]}@sha256:{_DIGEST[component]}"


def pod_name(component: str) -> str:
    return "opencost-ai-ollama-0" if component == "ollama" else f"opencost-ai-{component}-5d9c7b6f4-x2x4z"


def pod(component: str, **status: Any) -> dict[str, Any]:
    """A Ready pod, or one with another container status."""
    ready = not status
    container = {
        "name": component,
        "image": image(component),
        "imageID": f"{HOST}/opencost-ai/{_IMAGE[component]}@sha256:{_DIGEST[component]}" if ready else "",
        "restartCount": 0,
        "state": {"running": {"startedAt": NOW}},
        **status,
    }
    return {
        "metadata": {
            "name": pod_name(component),
            "namespace": SPACE,
            "uid": f"uid-{component}",
            "labels": labels(component),
        },
        "spec": {
            "nodeName": "node-a",
            "imagePullSecrets": [{"name": "internal-registry"}],
            "containers": [{"name": component, "image": image(component), "env": ENV.get(component, [])}],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": str(ready)},
            ],
            "containerStatuses": [container],
        },
    }


def named(kind: str, name: str, space: str = SPACE, **rest: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, **({"namespace": space} if space else {})}
    return {"kind": kind, "metadata": meta | rest.pop("meta", {}), **rest}


def policy(component: str) -> dict[str, Any]:
    spec = {
        "podSelector": {"matchLabels": labels(component)},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53}]}],
    }
    return named("NetworkPolicy", f"opencost-ai-{component}", spec=spec)


def node(name: str, **status: Any) -> dict[str, Any]:
    base = {
        "allocatable": {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "200Gi"},
        "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux"},
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}],
    }
    return named("Node", name, "", spec={}, status=base | status)


def healthy() -> list[dict[str, Any]]:
    """Everything as it should be."""
    components = ("gateway", "bridge", "ollama")
    dns = {"k8s-app": "kube-dns"}
    return [
        node("node-a"),
        node("node-b"),
        named(
            "StorageClass",
            "internal-block",
            "",
            provisioner="csi.internal.example",
            volumeBindingMode="WaitForFirstConsumer",
        ),
        named("Namespace", SPACE, ""),
        *({"kind": "Pod", **pod(c)} for c in components),
        *(
            named(
                _WORKLOAD[c],
                f"opencost-ai-{c}",
                spec={
                    "selector": {"matchLabels": labels(c)},
                    "template": {"spec": {"containers": [{"name": c, "image": image(c)}]}},
                },
                status={},
            )
            for c in components
        ),
        *(policy(c) for c in components),
        named(
            "Secret",
            "internal-registry",
            type="kubernetes.io/dockerconfigjson",
            keys=[".dockerconfigjson"],
            hosts=[HOST],
        ),
        named("Secret", "opencost-ai-auth", type="Opaque", keys=["token"], hosts=[]),
        named(
            "PersistentVolumeClaim",
            "models-opencost-ai-ollama-0",
            spec={"storageClassName": "internal-block"},
            status={"phase": "Bound"},
            meta={"uid": "uid-claim", "labels": labels("ollama")},
        ),
        named(
            "Service",
            "opencost",
            "opencost",
            spec={"selector": {"app": "opencost"}, "ports": [{"port": 9003}, {"port": 8081}]},
        ),
        named(
            "Pod",
            "opencost-6b8f-1",
            "opencost",
            meta={"labels": {"app": "opencost"}, "creationTimestamp": "2026-02-01T00:00:00Z"},
            spec={
                "containers": [{"name": "opencost", "image": "ghcr.io/opencost/opencost:1.118.0", "env": []}]
            },
            status={"phase": "Running"},
        ),
        named(
            "Service",
            "kube-dns",
            "kube-system",
            spec={"selector": dns, "ports": [{"port": 53, "targetPort": 53}]},
        ),
        named(
            "Pod",
            "coredns-1",
            "kube-system",
            meta={"labels": dns},
            spec={"containers": [{"name": "coredns"}]},
            status={},
        ),
        named("Lease", "node-a", "kube-node-lease", spec={"renewTime": NOW}),
        named("Lease", "node-b", "kube-node-lease", spec={"renewTime": NOW}),
    ]


LISTED = {
    "Node": [""], "StorageClass": [""], "Namespace": [""], "PersistentVolume": [""], "MutatingWebhookConfiguration": [""],
    "Pod": [SPACE, "opencost", "kube-system", "openshift-dns"], "Service": [SPACE, "opencost", "kube-system", "openshift-dns"],
    "Event": [SPACE, "opencost"], "NetworkPolicy": [SPACE, "opencost"], "DaemonSet": ["kube-system", "openshift-dns"],
    "Deployment": [SPACE], "StatefulSet": [SPACE], "ReplicaSet": [SPACE], "ServiceAccount": [SPACE], "ConfigMap": [SPACE],
    "Secret": [SPACE], "PersistentVolumeClaim": [SPACE], "ResourceQuota": [SPACE], "LimitRange": [SPACE],
    "Lease": ["kube-node-lease"],
}  # fmt: skip

STOCK: dict[str, Any] = {
    "host": HOST,
    "reachable": True,
    "images": {
        c: {
            "reference": f"{HOST}/opencost-ai/{_IMAGE[c]}:v1",
            "recorded": f"sha256:{_DIGEST[c]}",
            "found": f"sha256:{_DIGEST[c]}",
            "missing": [],
            "tags": ["v1"],
        }
        for c in _IMAGE
    },
    "models": {},
}
LOGS = {
    "bridge": "Total tools available: 4\n",
    "gateway": "gateway listening\n",
    "ollama": "Listening on [::]:11434\n",
}


def laid(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: laid(base.get(key), value) for key, value in over.items()}}
    return copy.deepcopy(over)


def objects_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The healthy site with the case's objects laid over it by kind, namespace and name."""
    found = {(o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in healthy()}
    for component, status in (case.get("pods") or {}).items():
        whole = status.pop("pod", {})
        found["Pod", SPACE, pod_name(component)] = {"kind": "Pod", **laid(pod(component, **status), whole)}
    for obj in case.get("objects") or []:
        obj = copy.deepcopy(obj)
        wide = obj["kind"] in ("Node", "StorageClass", "Namespace", "MutatingWebhookConfiguration")
        if not wide:
            obj["metadata"].setdefault("namespace", SPACE)
        key = (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if obj.pop("gone", False):
            found.pop(key, None)
        else:
            found[key] = laid(found.get(key, {}), obj)
    for number, event in enumerate(case.get("events") or []):
        kind, _, name = str(event["about"]).partition(" ")
        space = event.get("namespace", SPACE)
        about = found.get((kind, space, name), {"metadata": {}})
        made = {
            "kind": "Event",
            "metadata": {"name": f"e{number}", "namespace": space},
            "involvedObject": {"kind": kind, "name": name, "uid": about["metadata"].get("uid", "")},
            "reason": event["reason"],
            "message": event["message"],
            "type": "Warning",
            "lastTimestamp": NOW,
        }
        found["Event", space, f"e{number}"] = made
    return list(found.values())


def bundle(case: dict[str, Any]) -> Bundle:
    """The case as a bundle in memory."""
    files: dict[str, bytes] = {}
    every = objects_of(case)
    hidden = {str(kind): str(why) for kind, why in (case.get("hidden") or {}).items()}
    collected = []
    for kind, spaces in LISTED.items():
        for space in spaces:
            name = f"cluster/{space or '_'}/{kind}"
            if kind in hidden:
                collected.append(Collected(name, Got.REFUSED, hidden[kind]))
                continue
            items = [o for o in every if o["kind"] == kind and o["metadata"].get("namespace", "") == space]
            files[f"{name}.json"] = json.dumps({"at": 1772366400.0, "items": items}).encode()
    logs = LOGS | (case.get("logs") or {})
    for key, text in logs.items():
        component, _, rest = key.partition(".")
        where = f"cluster/{SPACE}/logs/{pod_name(component)}/{component}"
        files[f"{where}{'.previous' if rest == 'previous' else ''}.log"] = text.encode()
    files["cluster/version.json"] = b'{"version": "v1.34.4"}'
    files["answers.yaml"] = _answers(case.get("answers") or {})
    if case.get("stock") != "unknown":
        files["registry/registry.json"] = json.dumps(laid(STOCK, case.get("stock") or {})).encode()
    history = case.get("helm", [{"revision": 1, "status": "deployed"}])
    rows = [{"name": SPACE, "namespace": SPACE, "chart": "opencost-ai-0.1.0", **row} for row in history]
    if not case.get("helm-unknown"):
        files["helm/release.json"] = json.dumps({"history": rows}).encode()
    looks = {"ollama-list": (["ollama", "list"], "NAME\tSIZE\ngranite4.1:8b\t5 GB\n")} | {
        name: (look["command"], look["output"]) for name, look in (case.get("looks") or {}).items()
    }
    for name, (command, output) in looks.items():
        said = {"command": command, "exitCode": 0, "output": output}
        files[f"looks/{name}.json"] = json.dumps(said).encode()
    if case.get("run"):
        files["run/journal.jsonl"] = _journal(case["run"])
    manifest = Manifest(made=NOW, namespace=SPACE, release=SPACE, collected=tuple(collected))
    return Bundle(manifest, files)


def _answers(changed: dict[str, Any]) -> bytes:
    given: dict[str, Any] = {
        "apiVersion": "airgap-wizard/v1",
        "journey": "install",
        "registry": {"host": HOST},
        "cluster": {"storageClass": "internal-block"},
        "chart": {"source": "chart.tgz"},
    }
    return yaml.safe_dump(laid(given, changed)).encode()


def _journal(run: dict[str, Any]) -> bytes:
    found = [
        Found(
            at=2.0,
            step="x",
            finding=Finding(f["check"], Grade.FAIL, f["title"], f.get("detail", ""), f.get("evidence", {})),
        )
        for f in run.get("findings") or []
    ]
    fault = run.get("problem")
    problem = Fault(fault["code"], fault["title"], fault.get("detail", "")) if fault else None
    ended = (
        []
        if run.get("killed")
        else [Ended(at=3.0, outcome=Outcome.FAILED, problem=problem, evidence={"exitCode": 5})]
    )
    events = [
        Planned(at=1.0, run="r", journey="install", steps=(PlannedStep("x", "X"),)),
        Started(at=1.0, step="x", title="X"),
        *found,
        *ended,
    ]
    return b"".join(line(event) for event in events)


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def names() -> list[str]:
    return sorted(path.stem for path in CASES.glob("*.yaml"))


def scene(name_or_case: str | dict[str, Any]) -> Scene:
    made = case(name_or_case) if isinstance(name_or_case, str) else copy.deepcopy(name_or_case)
    return scene_of(bundle(made))


def diagnosed(name_or_case: str | dict[str, Any]) -> Diagnosis:
    return diagnose(scene(name_or_case))
