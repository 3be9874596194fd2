"""The rehearsed cluster behind the port of `wizard.cluster.port`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from wizard.cluster.port import Obj, PodResult
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.rehearsal import access
from wizard.rehearsal.apps.base import cell_of, find_container
from wizard.rehearsal.exec import run_inside
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.kube.pods import end
from wizard.rehearsal.probe.tasks import carry_out
from wizard.rehearsal.problems import not_started, refused, too_slow, unreachable
from wizard.rehearsal.site import Site
from wizard.rehearsal.state import clone
from wizard.rehearsal.tasks import Tasks

MANAGER = "airgap-wizard"
_TICK = 0.05
_OUTPUT = 1024 * 1024
_HOPELESS = ("ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "InvalidImageName")


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
            text = _read(path.with_suffix(".previous.log") if previous else path)
        return "".join(text.splitlines(keepends=True)[-tail:])

    # changing

    def may(self, verb: str, kind: str, namespace: str | None = None) -> bool | None:
        """Whether the world's RBAC lets us."""
        return access.allowed(self.site.described, verb, kind, namespace)

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
            return self._to_its_end(uid, name, namespace, timeout, stop, output)
        finally:
            if not keep:
                with suppress(Problem):
                    self._remove(uid)

    def _remove(self, uid: str) -> None:
        with self.api.open() as objects:
            for pod in objects.find("Pod"):
                if pod["metadata"]["uid"] == uid:
                    self.api.remove(objects, pod)

    def _to_its_end(
        self,
        uid: str,
        name: str,
        namespace: str,
        timeout: float,
        stop: Stop,
        output: Callable[[str], None] | None,
    ) -> PodResult:
        deadline = time.monotonic() + timeout
        hopeless = time.monotonic() + self.site.patience(timeout)
        shown = 0
        while True:
            stop.check()
            with self.api.open() as objects:
                pod = next((p for p in objects.find("Pod") if p["metadata"]["uid"] == uid), None)
                if pod is None:
                    raise not_started(
                        name, namespace, "deleted", "the pod was deleted while it was waited for"
                    )
                spec = pod["spec"]["containers"][0]
                record = clone(objects.inner(pod).get("containers", {}).get(spec["name"], {}))
                node, image, argv = (
                    pod["spec"].get("nodeName", ""),
                    spec["image"],
                    [*(spec.get("command") or []), *(spec.get("args") or [])],
                )
                stuck = objects.inner(pod).get("unschedulable") or objects.inner(pod).get("mount") or ""
            container = spec["name"]
            text = _read(self.site.log_file(uid, container))
            shown = _show(text, shown, output)
            if record.get("phase") == "terminated":
                return PodResult(record["exit"], text[-_OUTPUT:], node, len(text) > _OUTPUT)
            if record.get("phase") == "running" and record.get("task"):
                self._perform(uid, container, argv, stop)
                continue
            if record.get("reason") in _HOPELESS and record.get("message"):
                raise not_started(
                    name, namespace, record["reason"], f"{record['message']} (image {image}, node {node})"
                )
            over = deadline if record.get("phase") == "running" else hopeless
            if time.monotonic() > over:
                if record.get("phase") != "running":
                    cause = "Unschedulable" if stuck and not node else record.get("reason") or "Pending"
                    raise not_started(
                        name, namespace, cause, stuck or record.get("message") or "it stayed Pending"
                    )
                raise too_slow(f"the pod {namespace}/{name}", timeout)
            stop.wait(_TICK)

    def _perform(self, uid: str, container: str, argv: Sequence[str], stop: Stop) -> None:
        def say(line: str) -> None:
            self.site.log(uid, container, line)

        code = carry_out(self.api, uid, container, argv, say, lambda: not stop.asked)
        stop.check()
        with self.api.open() as objects:
            cell = cell_of(self.site, objects, uid, container)
            if cell is not None:
                end(cell, code)

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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _show(text: str, shown: int, output: Callable[[str], None] | None) -> int:
    end_of_line = text.rfind("\n") + 1
    if output is not None:
        for line in text[shown:end_of_line].splitlines():
            output(line)
    return end_of_line
