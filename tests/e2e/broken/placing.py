"""Pods that find no place: nodes, volumes, and what the API does not let in."""

from collections.abc import Callable
from typing import Any

from tests.e2e.broken.case import Broken, Seen, not_pulled, pending, said
from tests.e2e.broken.parts import Obj, Parts

SILENT = "broken-silent"
"""A StorageClass whose provisioner does not run; made for these alone."""
QUIET_HOOK, DENYING_HOOK, TURNING_HOOK, DENYING_POLICY = (
    "quiet.hooks.example", "labels.hooks.example", "mirror.hooks.example", "labels.policy.example",
)  # fmt: skip
HOOKED = "broken-hook"
"""Label of the namespaces that a hook looks at, with its name."""


def _asks(name: str, amount: str) -> Callable[[Parts], list[Obj]]:
    """Ollama asks for more than there is."""
    container = {"resources": {"requests": {name: amount}, "limits": {name: amount}}}
    return lambda parts: [parts.idle("ollama", container=container)]


def _deployed(**laid: Any) -> Callable[[Parts], list[Obj]]:
    """A Deployment of the gateway."""
    return lambda parts: [parts.deployment("gateway", parts.template("gateway", **laid))]


def _object(kind: str, spec: Obj) -> Obj:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "team"}, "spec": spec}


def _waits(words: str) -> Callable[[Seen], bool]:
    """The claim is Pending, and its pod waits for it."""

    def shows(seen: Seen) -> bool:
        claims = [
            c for c in seen.of("PersistentVolumeClaim") if (c.get("status") or {}).get("phase") == "Pending"
        ]
        return bool(claims) and any(words in str(e.get("message")) for e in seen.of("Event"))

    return shows


_SIDECAR = {"name": "sidecar", "image": "registry.example/sidecar:1", "securityContext": {"privileged": True}}
_LIMITS = {
    "resources": {"requests": {"memory": "64Mi", "cpu": "10m"}, "limits": {"memory": "64Mi", "cpu": "100m"}}
}


def _with_sidecar(parts: Parts) -> list[Obj]:
    template = parts.template("gateway")
    template["spec"]["containers"].append(_SIDECAR)
    return [parts.deployment("gateway", template)]


PLACING: dict[str, Broken] = {
    "memory": Broken(
        "no node has the memory", "no-room-on-nodes", _asks("memory", "900Gi"), pending("Insufficient memory"),
    ),
    "gpu": Broken("no GPU is free", "no-gpu-free", _asks("nvidia.com/gpu", "1"), pending("Insufficient nvidia.com/gpu")),
    "selector": Broken(
        "no node matches the selector", "no-node-chosen",
        lambda parts: [parts.idle("ollama", nodeSelector={"disk": "fast"})], pending("node"),
    ),
    "class-missing": Broken(
        "the claim names a class that is not there", "storage-class-missing",
        lambda parts: [parts.claim("internal-block"), parts.on_claim()], _waits("not found"),
        sets={"cluster__storageClass": "internal-block"},
    ),
    "provisioner-away": Broken(
        "the provisioner does not run", "provisioner-silent",
        lambda parts: [parts.claim(SILENT), parts.on_claim()], _waits("provisioner"),
        sets={"cluster__storageClass": SILENT},
    ),
    "class-other": Broken(
        "the claim was made beforehand, of the wrong class", "claim-of-other-class",
        lambda parts: [parts.claim("local-path")], _waits("first consumer"), sets={"cluster__storageClass": SILENT},
    ),
    "volume-refused": Broken(
        "the provisioner refuses", "provisioning-failed",
        lambda parts: [parts.claim("local-path", mode="ReadWriteMany"), parts.on_claim()], said("ProvisioningFailed"),
    ),
    "podsecurity": Broken(
        "PodSecurity refuses a pod with a sidecar", "podsecurity-refuses", _with_sidecar, said("FailedCreate", "PodSecurity"),
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
    ),
    "quota": Broken(
        "the quota leaves no room", "quota-exceeded",
        lambda parts: [_object("ResourceQuota", {"hard": {"limits.memory": "32Mi"}}), *_deployed(container=_LIMITS)(parts)],
        said("FailedCreate", "exceeded quota"),
    ),
    "limitrange": Broken(
        "a LimitRange is in the way", "limitrange-refuses",
        lambda parts: [
            _object("LimitRange", {"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]}),
            *_deployed(container=_LIMITS)(parts),
        ],
        said("FailedCreate", "maximum memory usage"),
    ),
    "webhook-denies": Broken(
        "a webhook refuses", "webhook-refuses", _deployed(), said("FailedCreate", "denied the request"), labels={HOOKED: "deny"},
    ),
    "policy-denies": Broken(
        "a ValidatingAdmissionPolicy refuses", "webhook-refuses", _deployed(), said("FailedCreate", DENYING_POLICY),
        labels={HOOKED: "policy"},
    ),
    "webhook-silent": Broken(
        "a webhook does not answer", "webhook-silent", _deployed(), said("FailedCreate", "failed calling webhook"),
        labels={HOOKED: "quiet"},
    ),
    "rewritten": Broken(
        "a webhook rewrites images", "images-rewritten", _deployed(), not_pulled("cache.corp.example"), labels={HOOKED: "turn"},
    ),
}  # fmt: skip
