"""The port to a Kubernetes cluster: as low as the API itself, so that whatever is built on it runs rehearsed and real.

Objects are plain dicts as the API's JSON has them. Three adapters stand behind the reading half: the real cluster,
the rehearsed one, and a support bundle carried out of a site. Errors are Problems: `cluster-unreachable`,
`cluster-forbidden` (names verb, kind, namespace and the RBAC rule to add), `cluster-refused` (admission, quota,
invalid object: the API's own words in `detail`), `cluster-timeout`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wizard.engine.stop import Stop

Obj = dict[str, Any]
"""A Kubernetes object: apiVersion, kind, metadata, and the rest."""


@dataclass(frozen=True, slots=True)
class PodResult:
    """What a finished container left: its exit code and its output (bounded to 1 MiB, `cut` says so)."""

    exit_code: int
    output: str
    node: str = ""
    cut: bool = False


class Reader(Protocol):
    """The reading half of a cluster."""

    def version(self) -> str:
        """The API server's version, like "v1.34.4"."""

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        """All objects of a kind ("Pod", "StorageClass", …: see kinds.py); namespace None = in all namespaces."""

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """One object, or None where it does not exist."""

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        """The last `tail` lines of a container's log (at most 1 MiB)."""


class Cluster(Reader, Protocol):
    """The whole port: reading, changing, and running something inside."""

    def may(self, verb: str, kind: str, namespace: str | None = None) -> bool | None:
        """Whether we are allowed to (SelfSubjectAccessReview); None where the cluster does not say."""

    def me(self) -> str:
        """The account that we are, as RBAC knows it (SelfSubjectReview); "" where the cluster does not say."""

    def apply(self, obj: Obj, *, dry: bool = False) -> Obj:
        """Create or update by server-side apply as field manager "airgap-wizard"; returns what the API made of it.

        `dry` asks the API server to admit it without keeping it.
        """

    def delete(self, kind: str, name: str, namespace: str | None = None, *, orphan: bool = False) -> bool:
        """Delete (background propagation, or leaving dependents with `orphan`); False where it did not exist."""

    def run_pod(
        self,
        pod: Obj,
        *,
        timeout: float,
        stop: Stop,
        output: Callable[[str], None] | None = None,
        keep: bool = False,
    ) -> PodResult:
        """Run a one-container pod to its end; it is deleted on every way out unless `keep`.

        `output` gets each line of the log as it appears. Raises Problem `pod-did-not-start` with the cause
        (image pull, scheduling, admission) in `detail` and `evidence`, or `cluster-timeout`.
        """

    def debug(self, pod: str, namespace: str, container: Obj, *, timeout: float, stop: Stop) -> PodResult:
        """Run `container` as an ephemeral container of a running pod and wait for its end.

        It stays in the pod's spec (the API has no way to remove it): callers record that.
        """

    def exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], *, timeout: float
    ) -> PodResult:
        """Run a command in a running container."""


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release as `helm list` and `helm history` know it."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    app_version: str = ""
    updated: str = ""


class Helm(Protocol):
    """The port to Helm. Charts are local folders or .tgz files; values are files: nothing secret is in an argv."""

    def version(self) -> str:
        """Like "v3.19.5". Raises Problem `helm-not-found` or `helm-too-old` (S1.6)."""

    def template(
        self, chart: str, release: str, namespace: str, values: Sequence[str], sets: Mapping[str, str]
    ) -> str:
        """The manifests as one YAML stream. Raises Problem `chart-does-not-render` with Helm's words."""

    def release(self, name: str, namespace: str) -> Release | None:
        """The latest revision, whatever its status."""

    def history(self, name: str, namespace: str) -> list[Release]:
        """All revisions, oldest first."""

    def values(self, name: str, namespace: str) -> dict[str, Any]:
        """The values the operator gave the deployed revision."""

    def upgrade(
        self,
        chart: str,
        release: str,
        namespace: str,
        values: Sequence[str],
        sets: Mapping[str, str],
        *,
        timeout: float,
        stop: Stop,
        wait: bool = True,
    ) -> Release:
        """`helm upgrade --install`. `timeout` in seconds. Raises Problem `helm-failed` with Helm's words."""

    def rollback(self, name: str, namespace: str, revision: int, *, timeout: float, stop: Stop) -> Release:
        """Back to a revision. Raises Problem `helm-failed`."""

    def uninstall(self, name: str, namespace: str, *, timeout: float, stop: Stop) -> bool:
        """Remove the release; False where there was none."""
