"""What pods wait for: an image, a node, a volume, a container that crashes."""

from collections.abc import Iterator
from typing import Any

from wizard.cluster.objects.names import INSTANCE, PURPOSE, Names
from wizard.cluster.port import Obj, Reader
from wizard.cluster.probes.causes import pull_cause
from wizard.cluster.waiting.cause import Cause, cause
from wizard.engine.events import Remedy
from wizard.engine.problems import Problem

PULL = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_CREATE = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_LOG_LINES = 12

_PULL_REMEDIES = {
    "refused-credentials": "the pull secret of the namespace is missing or wrong: check registry.username and registry.password, "
    "then run again (it is made anew)",
    "forbidden": "the registry knows the user and lets it not read this repository: grant pull on it",
    "unknown-authority": "the node does not trust the registry's CA: put it into the node's trust store "
    "(containerd: /etc/containerd/certs.d/HOST/ca.crt)",
    "client-certificate": "the registry asks the node for a client certificate: give its runtime one "
    "(containerd: client.cert and client.key in /etc/containerd/certs.d/HOST)",
    "plain-http": "the registry speaks plain HTTP and the node expects TLS: give the registry a certificate, or the node a mirror entry",
    "not-found": "the digest is not in the registry: copy the images again",
    "name-unknown": "the node cannot resolve the registry's name: add it to the node's DNS or hosts file",
    "wrong-architecture": "the image has no platform for this node: carry it (images.platforms in the answers)",
    "refused": "nothing answers at the registry's address from this node",
    "unreachable": "the node has no route to the registry",
    "timeout": "the registry does not answer the node in time",
    "no-space": "the node's disk is full: free some, or move the pod",
}


def of_release(cluster: Reader, names: Names) -> list[Obj]:
    """The release's own pods. Probes of ours bear a component's labels to be let through where it is, and are none."""
    pods = cluster.list("Pod", names.namespace, {INSTANCE: names.release})
    return [pod for pod in pods if PURPOSE not in (pod["metadata"].get("labels") or {})]


def ready(pod: Obj) -> bool:
    """Whether the pod is Ready and not on its way out."""
    if pod.get("metadata", {}).get("deletionTimestamp"):
        return False
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def of_pod(cluster: Reader, pod: Obj, events: list[Obj]) -> Iterator[Cause]:
    """The causes that keep one pod from being Ready."""
    meta, status = pod["metadata"], pod.get("status", {})
    about, name, space = f"pod {meta['name']}", meta["name"], meta["namespace"]
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield cause(
                "pod-unschedulable",
                about,
                f"no node takes it: {condition.get('message') or condition.get('reason')}",
                Remedy(
                    "see what it asks for and what the nodes have", f"kubectl describe pod -n {space} {name}"
                ),
                rank=20,
            )
    statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for container in statuses:
        yield from _container(cluster, about, name, space, container, events)
    if not statuses:
        for event in events:
            if event.get("reason") in ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"):
                yield cause(
                    "pod-not-started",
                    about,
                    f"{event['reason']}: {event.get('message', '')}",
                    Remedy("see all its events", f"kubectl describe pod -n {space} {name}"),
                    rank=30,
                )


def _container(
    cluster: Reader, about: str, name: str, space: str, container: dict[str, Any], events: list[Obj]
) -> Iterator[Cause]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason, which = waiting.get("reason", ""), container.get("name", "?")
    if reason in PULL:
        words = pull_words(waiting.get("message", ""), events)
        kind = pull_cause(words)
        yield cause(
            "image-pull-failed",
            about,
            f"{reason} of {container.get('image') or which}: {words}",
            Remedy(_PULL_REMEDIES.get(kind, "see the runtime's words above")),
            Remedy("see all its events", f"kubectl describe pod -n {space} {name}"),
            rank=10,
        )
    elif reason in _CREATE:
        yield cause(
            "pod-not-started",
            about,
            f"{reason} of container {which}: {waiting.get('message', '')}",
            Remedy("see all its events", f"kubectl describe pod -n {space} {name}"),
            rank=25,
        )
    elif reason == "CrashLoopBackOff" or _ended_badly(container):
        ended = last_end(container)
        why = (
            "out of memory"
            if ended.get("reason") == "OOMKilled"
            else f"exit code {ended.get('exitCode', '?')}"
        )
        lines = _log(cluster, name, space, which)
        yield cause(
            "pod-crashes",
            about,
            f"container {which} ended {container.get('restartCount', 0) + 1} times, last with {why}",
            Remedy("read all it said", f"kubectl logs -n {space} {name} -c {which} --previous"),
            rank=15,
            detail=f"its last lines:\n{lines}" if lines else "",
        )


def pull_words(message: str, events: list[Obj]) -> str:
    """The kubelet's own reason. The back-off's message has it in newer versions alone; the event before always."""
    _, _, reason = message.partition("ErrImagePull: ")
    if reason or (message and not message.startswith("Back-off")):
        return reason or message
    for event in reversed(events):
        text = str(event.get("message", ""))
        if event.get("reason") == "Failed" and text.startswith("Failed to pull image"):
            return text
    return message or "no reason was given"


def _ended_badly(container: dict[str, Any]) -> bool:
    ended = (container.get("state") or {}).get("terminated") or {}
    return bool(ended) and ended.get("exitCode", 0) != 0


def last_end(container: dict[str, Any]) -> dict[str, Any]:
    """How the container last ended; empty where it never did."""
    for state in ("state", "lastState"):
        if ended := (container.get(state) or {}).get("terminated"):
            return dict(ended)
    return {}


def _log(cluster: Reader, pod: str, space: str, container: str) -> str:
    for previous in (True, False):
        try:
            text = cluster.logs(pod, space, container, previous=previous, tail=_LOG_LINES).strip()
        except Problem:
            continue
        if text:
            return "\n".join(f"  {line[:300]}" for line in text.splitlines()[-_LOG_LINES:])
    return ""
