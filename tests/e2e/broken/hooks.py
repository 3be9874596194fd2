"""Admission as a site may have it: a webhook that denies, one that turns images, one that is silent, and a policy."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.broken.fronts import OverTls, context, listening
from tests.e2e.broken.parts import Obj
from tests.e2e.broken.placing import DENYING_HOOK, DENYING_POLICY, HOOKED, QUIET_HOOK, TURNING_HOOK
from tests.e2e.cluster.cluster import MACHINE_IP, Cluster
from tests.real.certs import Authority
from tests.real.process import free_port

_API = "admissionregistration.k8s.io/v1"
_PODS = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
_KINDS = (
    "validatingwebhookconfigurations,mutatingwebhookconfigurations,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)


class _Hook(OverTls):
    """`/deny` refuses, `/turn` sends every image elsewhere."""

    def do_POST(self) -> None:
        """An AdmissionReview."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        answer: Obj = {"uid": asked["uid"], "allowed": True}
        if self.path.startswith("/deny"):
            answer |= {"allowed": False, "status": {"message": "label `team` is required"}}
        else:
            count = range(len(asked["object"]["spec"]["containers"]))
            turned = [
                {
                    "op": "replace",
                    "path": f"/spec/containers/{n}/image",
                    "value": "cache.corp.example/internal/gateway:1",
                }
                for n in count
            ]
            patch = base64.b64encode(json.dumps(turned).encode()).decode()
            answer |= {"patchType": "JSONPatch", "patch": patch}
        body = json.dumps(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _hook(kind: str, name: str, url: str, which: str, ca: Path) -> Obj:
    hook = {
        "name": name,
        "clientConfig": {"url": url, "caBundle": base64.b64encode(ca.read_bytes()).decode()},
        "rules": [_PODS],
        "namespaceSelector": {"matchLabels": {HOOKED: which}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": 2,
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": _API,
        "kind": kind,
        "metadata": {"name": name, "labels": {HOOKED: "made"}},
        "webhooks": [hook],
    }


def _policy() -> list[Obj]:
    meta = {"name": DENYING_POLICY, "labels": {HOOKED: "made"}}
    rules = {"resourceRules": [_PODS]}
    check = {
        "expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
        "message": "label team is required",
    }
    spec = {"failurePolicy": "Fail", "matchConstraints": rules, "validations": [check]}
    where = {"namespaceSelector": {"matchLabels": {HOOKED: "policy"}}}
    bound = {"policyName": DENYING_POLICY, "validationActions": ["Deny"], "matchResources": where}
    return [
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": spec},
        {"apiVersion": _API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": bound},
    ]


@contextmanager
def hooks(cluster: Cluster, folder: Path) -> Iterator[None]:
    """All of them, for the namespaces that bear their label."""
    ca = Authority(folder, "hooks CA")
    handler = type("Hook", (_Hook,), {"tls": context(ca.server(MACHINE_IP))})
    with listening(handler) as host:
        silent = f"https://{MACHINE_IP}:{free_port(MACHINE_IP)}/"
        validating, mutating = "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"
        cluster.apply(
            _hook(validating, DENYING_HOOK, f"https://{host}/deny", "deny", ca.ca_file),
            _hook(validating, QUIET_HOOK, silent, "quiet", ca.ca_file),
            _hook(mutating, TURNING_HOOK, f"https://{host}/turn", "turn", ca.ca_file),
            *_policy(),
        )
        try:
            yield
        finally:
            cluster.kubectl("delete", _KINDS, "-l", f"{HOOKED}=made")
