"""Probes in the release's own namespace: with a pull secret and a policy of their own, removed on every way out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from wizard.cluster.objects.names import Names, ours
from wizard.cluster.objects.pods import BINARY, once, probe_pod
from wizard.cluster.objects.policies import policy
from wizard.cluster.objects.secrets import pull_secret
from wizard.cluster.port import Cluster, Obj, PodResult
from wizard.cluster.probes.scratch import await_running
from wizard.engine.problems import Problem
from wizard.engine.secrets import Secret
from wizard.engine.stop import Stop

ROLE = "airgap-wizard/role"
PULL_SECRET = "airgap-wizard-probe-pull"  # noqa: S105  (a Secret's name)
# a pod with this gate never becomes Ready: one that bears a component's labels is sent no question of its Service
GATE: dict[str, Any] = {"readinessGates": [{"conditionType": "airgap-wizard/never-ready"}]}
_KINDS = ("Pod", "NetworkPolicy", "Secret")


class Guest:
    """Runs probes in the namespace of a release. `egress` is all that they may reach."""

    def __init__(self, cluster: Cluster, stop: Stop, names: Names, image: str, pull: str) -> None:
        self.cluster, self.stop, self.names, self.image, self.pull = cluster, stop, names, image, pull
        self._started: dict[str, str] = {}

    def allow(self, role: str, egress: Sequence[Obj]) -> None:
        """Let the pods of a role reach this and nothing else."""
        labels = ours("probe", self.names)
        self.cluster.apply(
            policy(f"airgap-wizard-{role}", self.names.namespace, labels | {ROLE: role}, egress, labels)
        )

    def pod(
        self, role: str, words: Sequence[str], *, labels: Mapping[str, str] | None = None, **spec: Any
    ) -> Obj:
        """A probe pod that bears a role, and other labels if told."""
        return probe_pod(
            once(f"airgap-wizard-{role}"),
            self.names.namespace,
            self.image,
            words,
            labels=dict(labels or {}) | ours("probe", self.names) | {ROLE: role},
            pull_secret=self.pull,
            **spec,
        )

    def start(self, role: str, words: Sequence[str], *, timeout: float = 90) -> str:
        """Start one that stays, and wait until it runs: its address."""
        pod = self.pod(role, words)
        self._started[role] = str(pod["metadata"]["name"])
        self.cluster.apply(pod)
        return await_running(
            self.cluster, self.stop, str(pod["metadata"]["name"]), self.names.namespace, timeout
        )

    def exec(self, pod: str, words: Sequence[str], *, timeout: float = 30) -> PodResult:
        """Let a running probe say something more."""
        name = self._started[pod]
        return self.cluster.exec(name, self.names.namespace, "probe", [BINARY, *words], timeout=timeout)

    def run(self, role: str, words: Sequence[str], *, timeout: float, **more: Any) -> PodResult:
        """Run one to its end."""
        return self.cluster.run_pod(self.pod(role, words, **more), timeout=timeout, stop=self.stop)


def sweep_guests(cluster: Cluster, names: Names) -> list[str]:
    """Remove what probes of a run left in the namespace; what was there, as KIND/NAME."""
    left = []
    for kind in _KINDS:
        for obj in cluster.list(kind, names.namespace, ours("probe", names)):
            name = str(obj["metadata"]["name"])
            if cluster.delete(kind, name, names.namespace):
                left.append(f"{kind}/{name}")
    return left


@contextmanager
def guest(
    cluster: Cluster, stop: Stop, names: Names, image: str, docker_config: Secret | None = None
) -> Iterator[Guest]:
    """Come in, and leave nothing behind, whatever happens inside."""
    sweep_guests(cluster, names)
    try:
        if docker_config is not None:
            cluster.apply(pull_secret(PULL_SECRET, names.namespace, docker_config, ours("probe", names)))
        yield Guest(cluster, stop, names, image, PULL_SECRET if docker_config is not None else "")
    finally:
        with suppress(Problem):  # what went wrong inside matters more; the next run sweeps by label
            sweep_guests(cluster, names)
