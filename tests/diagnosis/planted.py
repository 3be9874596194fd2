"""A site where somebody has left secrets of many kinds in many places: everything that a bundle looks at holds some."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.facts.fakes import FakeCluster, answers, node, sources
from wizard.cluster.port import Release
from wizard.engine.codec import line
from wizard.engine.events import Ended, Fault, Outcome, Planned, PlannedStep, Said
from wizard.engine.folder import Options, RunFolder, make_run_folder
from wizard.engine.secrets import Secret
from wizard.support.gather import Site

# kind → value; none of them a real one
KINDS = {
    "password by name": "Tr0ub4dor-and-3",
    "bearer header": "b3ar3r.token_value-0123456789",
    "basic header": base64.b64encode(b"robot:basic-pass-77").decode(),
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JvdCJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "docker auth": base64.b64encode(b"airgap:docker-pass-42").decode(),
    "private key": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPlantedPlantedPlantedPlanted0123456789\n-----END EC PRIVATE KEY-----",
    "kubeconfig key": base64.b64encode(b"-----BEGIN RSA PRIVATE KEY-----\nplanted-in-kubeconfig\n").decode(),
    "kubeconfig token": "kubeconfig-token-planted-9f8e7d",
    "URL with a password": "url-passw0rd",
    "provider token": "ghp_" + "plantedPLANTED0123456789abcdefghijkl",
    "cloud key": "AKIA" + "PLANTED012345678",
    "password hash": "$2b$10$" + "abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV012345678",
    "drawn by lot": "q7Zt1Xw9Lr3Kp5Vn8Bm2Hd6",
    "hexadecimal": "4f9d2c7be81a3650" * 2,
    "cookie": "session-cookie-planted-77",
    "question": "how much did Project Umbrella burn",
    "known value": "an-operators-pass-phrase",
}


def texts() -> str:
    """All of them as they would stand in a log."""
    k = KINDS
    return "\n".join(
        [
            f"login failed: password={k['password by name']} for robot",
            f"> Authorization: Bearer {k['bearer header']}",
            f"> Authorization: Basic {k['basic header']}",
            f"got {k['JWT']} from the issuer",
            f'config.json: {{"auths": {{"registry.internal.example": {{"auth": "{k["docker auth"]}"}}}}}}',
            k["private key"],
            f"    client-key-data: {k['kubeconfig key']}",
            f"    token: {k['kubeconfig token']}",
            f"proxy is http://robot:{k['URL with a password']}@proxy.internal.example:3128/",
            f"cloning with {k['provider token']}",
            f"AWS says {k['cloud key']} is unknown",
            f"robot:{k['password hash']}",
            f"nonce {k['drawn by lot']} used twice",
            f"key {k['hexadecimal']} rotated",
            f"Set-Cookie: sid={k['cookie']}; HttpOnly",
            json.dumps({"msg": "ask", "query": k["question"]}),
            f"the operator typed {k['known value']} into the wrong window",
            "",
        ]
    )


def env() -> list[dict[str, str]]:
    """A container's environment full of them."""
    return [
        {"name": "DB_PASSWORD", "value": KINDS["password by name"]},
        {"name": "NONCE", "value": KINDS["drawn by lot"]},
        {"name": "HEADER", "value": f"Bearer {KINDS['bearer header']}"},
        {"name": "SEED", "value": KINDS["hexadecimal"]},
        {"name": "PROXY", "value": f"http://robot:{KINDS['URL with a password']}@proxy.internal.example"},
    ]


def pod(space: str, name: str) -> dict[str, Any]:
    """A pod that restarts, so that both of its logs are read."""
    status = {
        "name": "main",
        "restartCount": 2,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        "lastState": {"terminated": {"exitCode": 1, "message": texts()}},
    }
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "annotations": {"note": texts()}},
        "spec": {"containers": [{"name": "main", "image": "x", "env": env(), "args": [texts()]}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def cluster() -> FakeCluster:
    """Everything planted."""
    space = "opencost-ai"
    meta = {"name": "planted", "namespace": space}
    secret = {
        "kind": "Secret",
        "metadata": {"name": "internal-registry", "namespace": space, "managedFields": [{"x": texts()}]},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {
            ".dockerconfigjson": base64.b64encode(
                json.dumps({"auths": {"registry.internal.example": {"auth": KINDS["docker auth"]}}}).encode()
            ).decode(),
            "token": base64.b64encode(KINDS["password by name"].encode()).decode(),
        },
        "stringData": {"plain": texts()},
    }
    applied = {"kubectl.kubernetes.io/last-applied-configuration": texts()}
    made = FakeCluster(
        node("node-a"),
        pod(space, "opencost-ai-gateway-1"),
        pod("opencost", "opencost-1"),
        secret,
        {
            "kind": "ConfigMap",
            "metadata": dict(meta),
            "data": {"notes.txt": texts(), "servers.json": texts()},
        },
        {"kind": "Event", "metadata": dict(meta), "reason": "Failed", "message": texts()},
        {"kind": "NetworkPolicy", "metadata": {**meta, "annotations": applied}, "spec": {"podSelector": {}}},
        {"kind": "ServiceAccount", "metadata": {**meta, "annotations": {"note": texts()}}},
        {"kind": "Deployment", "metadata": dict(meta), "spec": {"template": pod(space, "t")}},
        {"kind": "Namespace", "metadata": {"name": space, "annotations": {"note": texts()}}},
    )
    made.on_logs = lambda name, container: texts()
    return made


class Helm:
    """Values with secrets in them."""

    def version(self) -> str:
        return "v3.19.5"

    def history(self, name: str, namespace: str) -> list[Release]:
        return [Release(name, namespace, 1, "failed", "opencost-ai-0.1.0")]

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        return {
            "gateway": {"auth": {"token": KINDS["kubeconfig token"]}, "extraEnv": env(), "notes": texts()}
        }


def run_folder(path: Path) -> RunFolder:
    """A run whose every file holds them."""
    comment = "".join(f"# {text}\n" for text in texts().splitlines())
    folder = make_run_folder(
        Options("install"), "apiVersion: airgap-wizard/v1\njourney: install\n" + comment, path
    )
    fault = Fault("helm-failed", "helm upgrade failed", texts())
    events = [
        Planned(run="r", journey="install", steps=(PlannedStep("a", "A", (texts(),)),)),
        Said(text=texts()),
        Ended(outcome=Outcome.FAILED, problem=fault, evidence={"exitCode": 5, "password": "hunter2hunter2"}),
    ]
    folder.journal.write_bytes(b"".join(line(event) for event in events))
    folder.evidence.write_text(json.dumps({"mirror": {"note": texts()}}))
    folder.summary.write_text(texts())
    folder.process_log.write_text(texts())
    return folder


def site() -> Site:
    """The site."""
    import dataclasses

    from wizard.answers.sections.proof import Proof

    Secret(KINDS["known value"])
    given = dataclasses.replace(answers(), proof=Proof(question=KINDS["question"]))
    made = cluster()
    return Site(given, lambda: made, Helm, lambda: sources(made).sites)  # type: ignore[arg-type,return-value]
