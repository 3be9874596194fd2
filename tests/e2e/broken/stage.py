"""Everything broken at once: made, waited for once, looked at by the account with the shipped roles, and cleared away."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import yaml

from tests.e2e.broken.case import Broken, Seen
from tests.e2e.broken.fronts import Front, fronts
from tests.e2e.broken.hooks import hooks
from tests.e2e.broken.parts import Obj, Parts
from tests.e2e.broken.placing import SILENT
from tests.e2e.broken.pulls import BLOCKED, NOBODY
from tests.e2e.cluster.cluster import MACHINE_IP, Cluster
from tests.e2e.site import Site, stand_in
from tests.real.images import push_image
from tests.real.process import wait_until
from tests.real.programs import programs_image
from tests.real.registries import docker_registry
from tests.real.tools import tool
from wizard.cli import subject
from wizard.cli.diagnose import filled
from wizard.diagnosis.cause import Diagnosis
from wizard.diagnosis.diagnose import diagnose
from wizard.engine.commands import Commands
from wizard.support.format import Got
from wizard.support.scene import scene_of

PREFIX = "broken-"
_KINDS = "pods,events,persistentvolumeclaims"
_SECONDS = 240.0
_LOOKS = 4
_APPLETS = {"/bin/" + applet: "busybox" for applet in ("sh", "sleep", "tail")}


@dataclass(frozen=True)
class Scene:
    """One of them, as it stands: `answers` is its file, `parts` make its objects."""

    broken: Broken
    parts: Parts
    site: Site
    answers: Path

    def look(self, *words: str) -> Diagnosis:
        """As `diagnose --answers-file F` looks; call it inside `Stage.looking`."""
        args = SimpleNamespace(
            run=None, answers_file=self.answers, rehearse="", sets=[], offline=False, probe=False, seconds=45.0, command="diagnose"
        )  # fmt: skip
        commands = Commands(self.answers, ("--answers-file", str(self.answers)))
        for _ in range(_LOOKS):
            bundle = subject.gathered(args, quiet=True)  # type: ignore[arg-type]
            if not any(c.outcome is Got.TIMEOUT for c in bundle.manifest.collected):
                break  # else this machine is too busy for what is tested here
        return filled(diagnose(scene_of(bundle)), commands)


@dataclass(frozen=True)
class Stage:
    """All of them."""

    cluster: Cluster
    scenes: Mapping[str, Scene]

    @contextmanager
    def looking(self) -> Iterator[None]:
        """With what a run of these sites has in its environment."""
        site = next(iter(self.scenes.values())).site
        with mock.patch.dict(os.environ, site.environment, clear=True):
            yield

    def diagnose_all(self) -> dict[str, Diagnosis]:
        """Side by side: most of the time goes into waiting for the API."""
        with self.looking(), ThreadPoolExecutor(2) as pool:
            found = dict(zip(self.scenes, pool.map(Scene.look, self.scenes.values()), strict=True))
        return found


@contextmanager
def staged(site: Site, folder: Path, wanted: Mapping[str, Broken]) -> Iterator[Stage]:
    """Make them all, and wait until each shows its damage; gone, namespaces and all, at the end."""
    cluster = site.cluster
    cluster.kubectl("wait", "--for=delete", "namespaces", "-l", "broken=made", "--timeout=120s")
    with ExitStack() as stack:
        stopped, asked = ExitStack(), {each.door for each in wanted.values()}
        doors = stack.enter_context(fronts(cluster, folder / "fronts", asked, stopped))
        if asked & {"loopback", "named"}:
            doors |= _further(stack, cluster, folder)
        stack.enter_context(hooks(cluster, folder / "hooks"))
        stack.enter_context(_knows(NOBODY.partition(":")[0]))
        if BLOCKED in doors:
            stack.enter_context(_firewall(cluster, doors[BLOCKED].host))
        images = _images(site, folder / "images")
        scenes = {
            name: _scene(site, folder / name, name, each, doors, images) for name, each in wanted.items()
        }
        stack.callback(_clear, cluster)
        _make(site, scenes)
        _wait(cluster, {name: scene.broken.shows for name, scene in scenes.items()})
        later = {n: s for n, s in scenes.items() if s.broken.then is not None}
        stopped.close()
        if later:
            _create(cluster, [o for s in later.values() for o in _placed(s, s.broken.then(s.parts))])  # type: ignore[misc]
            _wait(cluster, {n: s.broken.at_last or s.broken.shows for n, s in later.items()})
        yield Stage(cluster, scenes)


def _further(stack: ExitStack, cluster: Cluster, folder: Path) -> dict[str, Front]:
    """A name that we know and the node does not, and a registry on our own loopback, which is another for the node."""
    (folder / "loopback").mkdir(parents=True)
    storage = {"filesystem": {"rootdirectory": str(cluster.registry.storage)}}
    users = {cluster.registry.user: cluster.registry.password}
    near = stack.enter_context(docker_registry(folder / "loopback", users=users, extra={"storage": storage}))
    named = stack.enter_context(
        docker_registry(
            _new(folder / "named"), users=users, host=MACHINE_IP, port=0, extra={"storage": storage}
        )
    )
    host = f"{NOBODY.partition(':')[0]}:{named.host.partition(':')[2]}"
    return {"loopback": Front(near.host, None), "named": Front(host, None)}


def _new(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@contextmanager
def _knows(name: str) -> Iterator[None]:
    """This process resolves NAME, as a machine with the site's name server does."""
    real = socket.getaddrinfo

    def ask(host: Any, *rest: Any, **named: Any) -> Any:
        return real(MACHINE_IP if host in (name, name.encode()) else host, *rest, **named)

    with mock.patch.object(socket, "getaddrinfo", ask):
        yield


@contextmanager
def _firewall(cluster: Cluster, host: str) -> Iterator[None]:
    """What the node sends there is dropped."""
    address, _, port = host.partition(":")
    rule = ("OUTPUT", "-p", "tcp", "-d", address, "--dport", port, "-j", "DROP")
    cluster.on_node("iptables", "-t", "mangle", "-A", *rule)
    try:
        yield
    finally:
        cluster.on_node("iptables", "-t", "mangle", "-D", *rule)


def _images(site: Site, folder: Path) -> dict[str, str]:
    """Stand-ins in the site's registry, and two images that are no good; name → REPOSITORY@DIGEST."""
    registry = site.cluster.registry
    found = {}
    for name in ("gateway", "bridge"):
        repository = {
            "gateway": "opencost-ai/opencost-ai-gateway",
            "bridge": "opencost-ai/ollama-mcp-bridge",
        }[name]
        found[name] = (
            f"{repository}@{push_image(stand_in(folder / name, name), registry, repository, 'v0.1.0')}"
        )
    shell = programs_image(
        folder / "shell", {"linux/amd64": {"/bin/busybox": tool("busybox")}}, ["/bin/sh"], links=_APPLETS
    )
    found["shell"] = f"opencost-ai/shell@{push_image(shell, registry, 'opencost-ai/shell', '1.0')}"
    found["ollama"] = found["gateway"].replace("opencost-ai-gateway", "ollama")
    push_image(stand_in(folder / "ollama", "gateway"), registry, "opencost-ai/ollama", "0.30.8")
    arm = {"/gateway": tool("standin-gateway-arm64")}
    for name, platform in (("arm-only", "linux/arm64"), ("mislabelled", "linux/amd64")):
        image = programs_image(folder / name, {platform: arm}, ["/gateway"])
        found[name] = f"opencost-ai/{name}@{push_image(image, registry, f'opencost-ai/{name}', '1.0')}"
    opencost = stand_in(folder / "opencost", "opencost")
    push_image(opencost, registry, "opencost/opencost", "1.118.0", "1.110.0")
    return found


def _scene(
    site: Site, folder: Path, name: str, broken: Broken, doors: Mapping[str, Front], images: dict[str, str]
) -> Scene:
    registry, space = site.cluster.registry, PREFIX + name
    front = doors.get(broken.door)
    parts = Parts(space, front.host if front else registry.host, registry.user, registry.password, images)
    mine = site.at(folder)
    sets = {key: space if value == "." else value for key, value in broken.sets.items()}
    if front is not None:
        where = {"host": front.host, "username": registry.user, "password": "env:REGISTRY_PASSWORD"}
        where |= {"caFile": str(front.ca_file)} if front.ca_file else {"plainHttp": True}
        where |= {} if front.ca_file or front.host.startswith("127.") else {"plainHttpUntil": "2099-01-01"}
        answers = mine.answers(space, **{f"registry__{k}": v for k, v in where.items()}, **sets)
        if not front.ca_file:
            _without_ca(answers)
    else:
        answers = mine.answers(space, **sets)
    return Scene(broken, parts, mine, answers)


def _without_ca(path: Path) -> None:
    given = yaml.safe_load(path.read_text())
    del given["registry"]["caFile"]
    path.write_text(yaml.safe_dump(given))


def _placed(scene: Scene, objects: list[Obj]) -> list[Obj]:
    return [o | {"metadata": o["metadata"] | {"namespace": scene.parts.space}} for o in objects]


def _make(site: Site, scenes: Mapping[str, Scene]) -> None:
    """Namespaces with the account's rights first, then what is broken in them."""
    spaces = [s.parts.space for s in scenes.values()]
    site.account(*spaces)
    for scene in scenes.values():
        scene.site.folder.mkdir(parents=True, exist_ok=True)
        scene.site.kubeconfig.touch(mode=0o600)
        scene.site.kubeconfig.write_text(site.kubeconfig.read_text())
    marked = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": s.parts.space, "labels": {"broken": "made", **s.broken.labels}}}
        for s in scenes.values()
    ]  # fmt: skip
    silent = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": SILENT, "labels": {"broken": "made"}},
        "provisioner": "silent.csi.example",
    }
    site.cluster.apply(silent, *marked)
    objects = []
    for scene in scenes.values():
        made = scene.broken.make(scene.parts)
        own = {(o["kind"], o["metadata"]["name"]) for o in made}
        around = [
            o
            for o in scene.parts.around()
            if o["metadata"]["name"] not in scene.broken.lacks
            and (o["kind"], o["metadata"]["name"]) not in own
        ]
        objects += _placed(scene, [*around, *made])
    _create(site.cluster, objects)


def _create(cluster: Cluster, objects: list[Obj]) -> None:
    """In the namespaces that they name."""
    cluster.kubectl(
        "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    )


def _wait(cluster: Cluster, wanted: Mapping[str, Any]) -> None:
    """Until all show it; NotReady names those that do not."""
    left: dict[str, Any] = {}

    def shown() -> bool:
        seen = _look(cluster)
        found = {name: seen.get(PREFIX + name, Seen({})) for name in left or wanted}
        states = {n: [s.get("state") for s in f.states] for n, f in found.items() if not wanted[n](f)}
        left.clear()
        left.update(states)
        return not left

    wait_until(shown, left, _SECONDS, every=0.5)


def _look(cluster: Cluster) -> dict[str, Seen]:
    found: dict[str, dict[str, list[Obj]]] = {}
    for obj in cluster.get(_KINDS, "--all-namespaces")["items"]:
        space = obj["metadata"]["namespace"]
        if space.startswith(PREFIX):
            found.setdefault(space, {}).setdefault(obj["kind"], []).append(obj)
    return {space: Seen(objects) for space, objects in found.items()}


def _clear(cluster: Cluster) -> None:
    """All of it, and nothing is waited for that nobody else would notice."""
    cluster.kubectl("delete", "namespaces,storageclasses", "-l", "broken=made", "--wait=false")
