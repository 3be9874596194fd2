"""The rehearsed cluster behind the port of `wizard.cluster.port`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from wizard.cluster.port import Obj, PodResult
from wizard.cluster.problems import not_started, refused, unreachable
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.rehearsal import access
from wizard.rehearsal.apps.base import find_container
from wizard.rehearsal.awaited import Awaited, read_log
from wizard.rehearsal.exec import run_inside
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.site import Site
from wizard.rehearsal.state import clone
from wizard.rehearsal.tasks import Tasks

MANAGER = "airgap-wizard"


class RehearsedCluster:
    """Every call first lets the simulated site move on. Safe under threads and several processes."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.api = Api(site)
        self._tasks = Tasks(self.api)

    @contextmanager
    def opened(self, verb: str, kind: str, namespace: str | None) -> Iterator[Objects]:
        """The objects, after the API server let us in. Raises `cluster-unreachable`, `cluster-forbidden`."""
        self._called()
        access.need(self.site.described, verb, kind, namespace)
        with self.api.open() as objects:
            yield objects
            self._tasks.note(objects)
        self._tasks.start()

    def _called(self) -> None:
        """Raises `cluster-unreachable` where the API server is away at this call."""
        described = self.site.described.kubernetes
        if described.away.calls:
            with self.site.state.hold() as data:
                marks = data.setdefault("marks", {})
                count = marks["calls"] = marks.get("calls", 0) + 1
            away = described.away.after <= count < described.away.after + described.away.calls
        else:
            away = not described.reachable
        if away:
            raise unreachable("dial tcp 10.20.0.1:6443: connect: connection refused")

    # reading

    def version(self) -> str:
        """The API server's version."""
        self._called()
        return self.site.described.kubernetes.version

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[Obj]:
        """All objects of a kind, by namespace and name."""
        with self.opened("list", kind, namespace) as objects:
            found: list[Obj] = clone(objects.find(kind, namespace, labels))
            return found

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """One object."""
        with self.opened("get", kind, namespace) as objects:
            found: Obj | None = clone(objects.get(kind, name, namespace))
            return found

    def logs(
        self, pod: str, namespace: str, container: str = "", *, previous: bool = False, tail: int = 200
    ) -> str:
        """The end of a container's log; "" where it has written nothing."""
        with self.opened("get", "Pod/log", namespace) as objects:
            found = objects.get("Pod", pod, namespace)
            if found is None:
                raise refused(f"the log of Pod {namespace}/{pod}", f'pods "{pod}" not found')
            name = container or found["spec"]["containers"][0]["name"]
            if find_container(found, name) is None:
                raise refused(
                    f"the log of Pod {namespace}/{pod}", f"container {name} is not valid for pod {pod}"
                )
            path = self.site.log_file(found["metadata"]["uid"], name)
            text = read_log(path.with_suffix(".previous.log") if previous else path)
        return "".join(text.splitlines(keepends=True)[-tail:])

    # changing

    def may(self, verb: str, kind: str, namespace: str | None = None) -> bool | None:
        """Whether the world's RBAC lets us."""
        return access.allowed(self.site.described, verb, kind, namespace)

    def me(self) -> str:
        """One account, whatever the world."""
        return "system:serviceaccount:default:airgap-wizard"

    def apply(self, obj: Obj, *, dry: bool = False) -> Obj:
        """Create or update."""
        namespace = (obj.get("metadata") or {}).get("namespace")
        with self.opened("patch", str(obj.get("kind", "")), namespace) as objects:
            result: Obj = clone(self.api.apply(objects, obj, MANAGER, dry=dry))
            return result

    def delete(self, kind: str, name: str, namespace: str | None = None, *, orphan: bool = False) -> bool:
        """Delete, and what belongs to it."""
        with self.opened("delete", kind, namespace) as objects:
            found = objects.get(kind, name, namespace)
            if found is None:
                return False
            self.api.remove(objects, found, orphan=orphan)
            return True

    # inside

    def run_pod(
        self,
        pod: Obj,
        *,
        timeout: float,
        stop: Stop,
        output: Callable[[str], None] | None = None,
        keep: bool = False,
    ) -> PodResult:
        """Run a one-container pod to its end."""
        meta = pod["metadata"]
        namespace, name = meta.get("namespace") or "default", meta["name"]
        with self.opened("create", "Pod", namespace) as objects:
            if objects.get("Pod", name, namespace):
                raise refused(f"Pod {namespace}/{name}", f'pods "{name}" already exists')
            try:
                made = self.api.apply(objects, pod, MANAGER)
            except Problem as problem:
                raise not_started(name, namespace, "refused", problem.detail) from None
            uid = made["metadata"]["uid"]
            objects.inner(made)["awaited"] = True  # this thread carries it out, nobody else
        try:
            return Awaited(self.api, uid, name, namespace, stop, output).to_its_end(timeout)
        finally:
            if not keep:
                with suppress(Problem):
                    self._remove(uid)

    def _remove(self, uid: str) -> None:
        with self.api.open() as objects:
            for pod in objects.find("Pod"):
                if pod["metadata"]["uid"] == uid:
                    self.api.remove(objects, pod)

    def debug(self, pod: str, namespace: str, container: Obj, *, timeout: float, stop: Stop) -> PodResult:
        """Run an ephemeral container; it stays in the pod's spec."""
        from wizard.rehearsal.debug import debug

        access.need(self.site.described, "patch", "Pod/ephemeralcontainers", namespace)
        with self.opened("get", "Pod", namespace):
            pass
        return debug(self.api, pod, namespace, container, timeout=timeout, stop=stop)

    def exec(
        self, pod: str, namespace: str, container: str, command: Sequence[str], *, timeout: float
    ) -> PodResult:
        """Run a command in a running container."""
        with self.opened("create", "Pod/exec", namespace):
            pass
        return run_inside(self.api, pod, namespace, container, command)

    def close(self) -> None:
        """Wait for the tasks of pods that run in the background."""
        self._tasks.close()
