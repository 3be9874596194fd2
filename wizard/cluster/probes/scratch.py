"""The scratch namespace: where experiments live, removed on every way out, and by the next run after a kill."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import Names, ours
from wizard.cluster.objects.namespace import namespace, service_account
from wizard.cluster.objects.pods import BINARY, probe_pod
from wizard.cluster.objects.secrets import pull_secret
from wizard.cluster.port import Cluster, Obj, PodResult
from wizard.cluster.real.pods import HOPELESS
from wizard.engine.problems import Problem, Remedy
from wizard.engine.secrets import Secret
from wizard.engine.stop import Stop

ACCOUNT = "probe"
PULL_SECRET = "pull"  # noqa: S105  (a Secret's name)
PREFIX = "airgap-wizard-scratch-"


@dataclass(slots=True)
class Scratch:
    """A namespace of our own for a moment. `image` is the probe's, pinned by digest."""

    cluster: Cluster
    stop: Stop
    names: Names
    space: str
    image: str
    pull: str = ""

    def pod(self, name: str, words: Sequence[str], *, role: str = "", node: str = "", **spec: Any) -> Obj:
        """A probe pod of this namespace; `role` is what a policy may select it by."""
        labels = ours("scratch", self.names) | ({"airgap-wizard/role": role} if role else {})
        return probe_pod(
            name,
            self.space,
            self.image,
            words,
            labels=labels,
            pull_secret=self.pull,
            node=node,
            service_account=ACCOUNT,
            **spec,
        )

    def run(
        self, name: str, words: Sequence[str], *, timeout: float, node: str = "", **spec: Any
    ) -> PodResult:
        """Run one to its end."""
        return self.cluster.run_pod(self.pod(name, words, node=node, **spec), timeout=timeout, stop=self.stop)

    def start(self, name: str, words: Sequence[str], *, role: str, timeout: float = 90) -> str:
        """Start one that stays, and wait until it is Running: its address. Raises Problem `pod-did-not-start`."""
        (address,) = self.start_all({name: words}, {name: role}, timeout=timeout)
        return address

    def start_all(
        self, pods: Mapping[str, Sequence[str]], roles: Mapping[str, str], *, timeout: float = 90
    ) -> list[str]:
        """Start several side by side: their addresses, in order. Raises Problem `pod-did-not-start`."""
        for name, words in pods.items():
            self.cluster.apply(self.pod(name, words, role=roles[name]))
        return [await_running(self.cluster, self.stop, name, self.space, timeout) for name in pods]

    def exec(self, pod: str, words: Sequence[str], *, timeout: float = 30) -> PodResult:
        """Let a running probe say something more."""
        return self.cluster.exec(pod, self.space, "probe", [BINARY, *words], timeout=timeout)


def await_running(cluster: Cluster, stop: Stop, name: str, space: str, timeout: float) -> str:
    """A pod's address once it runs."""
    state: Obj = {}

    def running() -> bool:
        nonlocal state
        state = (cluster.get("Pod", name, space) or {}).get("status") or {}
        if state.get("phase") in ("Failed", "Succeeded"):
            raise Problem("pod-did-not-start", f"pod {space}/{name} ended at once", detail=why_not(state))
        if any(reason in HOPELESS for reason in _waiting(state)):
            raise Problem("pod-did-not-start", f"pod {space}/{name} cannot start", detail=why_not(state))
        return state.get("phase") == "Running" and bool(state.get("podIP"))

    if not until(running, stop, timeout):
        raise Problem(
            "pod-did-not-start",
            f"pod {space}/{name} was not running after {timeout:.0f} s",
            detail=why_not(state),
            remedies=(Remedy("see its events", f"kubectl -n {space} describe pod {name}"),),
        )
    return str(state["podIP"])


def _waiting(state: Obj) -> list[str]:
    rows = state.get("containerStatuses") or []
    return [str((row.get("state") or {}).get("waiting", {}).get("reason", "")) for row in rows]


def why_not(state: Obj) -> str:
    """The kubelet's and the scheduler's words on a pod that does not run."""
    words = [
        f"{waiting.get('reason', '')}: {waiting.get('message', '')}".strip(": ")
        for status in state.get("containerStatuses") or []
        if (waiting := (status.get("state") or {}).get("waiting"))
    ]
    words += [
        str(condition.get("message"))
        for condition in state.get("conditions") or []
        if condition.get("status") == "False" and condition.get("message")
    ]
    return "; ".join(dict.fromkeys(words)) or f"phase {state.get('phase', 'unknown')}"


def until(true: Callable[[], bool], stop: Stop, timeout: float, every: float = 0.5) -> bool:
    """Ask until it is so; False when the time is up. Raises Stopped."""
    end = time.monotonic() + timeout
    while not true():
        if time.monotonic() >= end:
            return False
        stop.wait(every)
    return True


def sweep(cluster: Cluster, names: Names) -> list[str]:
    """Remove the scratch namespaces that a killed run for the same target left behind; their names."""
    left = [
        str(space["metadata"]["name"])
        for space in cluster.list("Namespace", labels=ours("scratch", names))
        if not space["metadata"].get("deletionTimestamp")
    ]
    for name in left:
        cluster.delete("Namespace", name)
    return left


@contextmanager
def scratch(
    cluster: Cluster, stop: Stop, names: Names, image: str, docker_config: Secret | None = None
) -> Iterator[Scratch]:
    """Make one, and remove it whatever happens inside.

    Raises Problem `cluster-forbidden` where namespaces may not be made.
    """
    sweep(cluster, names)
    labels = ours("scratch", names)
    space = PREFIX + secrets.token_hex(3)
    try:
        cluster.apply(namespace(space, labels))
        cluster.apply(service_account(ACCOUNT, space, labels))
        if docker_config is not None:
            cluster.apply(pull_secret(PULL_SECRET, space, docker_config, labels))
        yield Scratch(cluster, stop, names, space, image, PULL_SECRET if docker_config is not None else "")
    finally:
        # a failing removal must not hide what went wrong before it; the next run sweeps by label
        with suppress(Problem):
            cluster.delete("Namespace", space)
