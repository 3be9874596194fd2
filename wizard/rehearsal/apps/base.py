"""What an app is to the simulation: how it starts, when it is ready, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wizard.cluster.port import Obj
from wizard.rehearsal.apps.files import Files, environment
from wizard.rehearsal.kube.objects import Objects
from wizard.rehearsal.site import Site


@dataclass(frozen=True, slots=True)
class Started:
    """What came of starting a container. `crash` is its last words before it exits; `task` = it runs to its end
    by itself and must be carried out; `lasts` = seconds after which it ends well (0 = it stays)."""

    log: tuple[str, ...] = ()
    crash: str = ""
    exit_code: int = 1
    ports: tuple[int, ...] = ()
    task: bool = False
    lasts: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request inside the simulation."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """Its answer; `events` are those of a stream, as (name, data)."""

    status: int
    body: Any = None
    events: tuple[tuple[str, Any], ...] = ()


@dataclass(slots=True)
class Cell:
    """One container of one pod, while the state is held."""

    site: Site
    objects: Objects
    pod: Obj
    spec: Obj
    record: dict[str, Any]

    @property
    def env(self) -> dict[str, str]:
        """Its environment, secrets and config maps looked up."""
        return environment(self.objects, self.pod, self.spec)

    @property
    def argv(self) -> list[str]:
        """Command and arguments as the pod gives them."""
        return [*(self.spec.get("command") or []), *(self.spec.get("args") or [])]

    @property
    def files(self) -> Files:
        """Its file system, as far as volumes make it."""
        return Files(self.site, self.objects, self.pod, self.spec)

    def log(self, *lines: str) -> None:
        """Write to its log."""
        self.site.log(self.pod["metadata"]["uid"], self.spec["name"], *lines)


class App(Protocol):
    """A program that containers run."""

    def start(self, cell: Cell) -> Started:
        """Start it (again)."""

    def ready(self, cell: Cell) -> bool:
        """Whether its readiness probe would succeed."""

    def handle(self, cell: Cell, request: Request) -> Response:
        """Answer a request that reached one of its ports."""


def cells(site: Site, objects: Objects, pod: Obj) -> list[Cell]:
    """The ordinary containers of a pod."""
    records = objects.inner(pod).setdefault("containers", {})
    return [
        Cell(site, objects, pod, c, records.setdefault(c["name"], {}))
        for c in pod["spec"].get("containers") or []
    ]


def listening(site: Site, objects: Objects, pod: Obj) -> set[int]:
    """The ports on which a pod's running containers listen."""
    running = (c.record for c in cells(site, objects, pod) if c.record.get("phase") == "running")
    return {port for record in running for port in record.get("ports") or []}


def behind(site: Site, objects: Objects, pod: Obj, port: int) -> Cell | None:
    """The container that listens on a port."""
    for cell in cells(site, objects, pod):
        if cell.record.get("phase") == "running" and port in (cell.record.get("ports") or []):
            return cell
    return None


def cell_of(site: Site, objects: Objects, uid: str, container: str) -> Cell | None:
    """A container of a pod by the pod's uid; None where the pod is gone."""
    for pod in objects.find("Pod"):
        if pod["metadata"]["uid"] == uid:
            spec = find_container(pod, container)
            records = objects.inner(pod).setdefault("containers", {})
            return Cell(site, objects, pod, spec, records.setdefault(container, {})) if spec else None
    return None


def find_container(pod: Obj, name: str) -> Obj | None:
    """A container's spec by name, whatever sort of container it is."""
    parts = ("containers", "initContainers", "ephemeralContainers")
    every = [c for part in parts for c in pod["spec"].get(part) or []]
    return next((c for c in every if c["name"] == name), None)
