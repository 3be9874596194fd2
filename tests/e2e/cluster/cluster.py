"""The one-node Kubernetes as a context manager.

    with cluster(netpol=True) as c:
        c.kubectl("get", "nodes")

One cluster at a time in a network (addresses and network namespaces are fixed): a second one waits for the
first, unless both are of one process: that is refused, since it could never end.  `boxes` makes more networks.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.e2e.cluster.leftovers import machine_state
from tests.real.certs import Trust
from tests.real.process import NotReady, wait_until
from tests.real.registry import Registry
from tests.real.run import run
from tests.real.tools import CACHE, need_root, tool

_HERE = Path(__file__).parent
_NETWORK = Path("/proc/self/ns/net").stat().st_ino
_LOCK = Path(tempfile.gettempdir()) / f"airgap-cluster-{_NETWORK}.lock"

NODE = "node1"
MACHINE_IP = "172.31.250.1"
NODE_IP = "172.31.250.2"
OUTSIDE_IP = "198.51.100.10"
REGISTRY_HOST = f"{NODE_IP}:5000"
REGISTRY_USER = "ci"
REGISTRY_PASSWORD = "only-for-tests"
#: An image of the node, never pulled: busybox, and `probe` (serve, get, dial, resolve).
BUSYBOX = "cluster.test/busybox:1"

_held: list[object] = []
_NEEDED = ("kube-apiserver", "kubelet", "kubectl", "netpol", "coredns", "probe", "etcd", "containerd", "runc")


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs now.

    `folder` holds everything it writes (log/NAME.log, etc/, registry/); `registry` is the site's registry:
    TLS by a private CA, user and password.  `outside` plays the internet: http://198.51.100.10:8080 answers,
    and so does every address that is neither a pod nor a Service; NAME.test resolves to it, no other name does.
    """

    folder: Path
    netpol: bool
    registry: Registry

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "etc" / "admin.conf"

    @property
    def registry_host(self) -> str:
        """HOST:PORT of the registry, for the machine and for the node."""
        return self.registry.host

    @property
    def ca_file(self) -> Path:
        """The registry's private CA."""
        return self.folder / "pki" / "registry-ca.crt"

    @property
    def env(self) -> dict[str, str]:
        """The environment that makes kubectl, Helm and the product use this cluster."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl; its standard output.  A failure raises AssertionError with its words."""
        return run("kubectl", *arguments, env=self.env, stdin=stdin, check=check).stdout

    def get(self, *arguments: str) -> Any:
        """`kubectl get ARGUMENTS` as parsed JSON."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *objects: Mapping[str, Any], namespace: str = "default") -> None:
        """Apply manifests given as data."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("-n", namespace, "apply", "-f", "-", stdin=text)

    def pull_secret(self, namespace: str, name: str = "registry-pull") -> str:
        """Make the secret that lets pods of a namespace pull from the registry; its name."""
        login = {"username": self.registry.user, "password": self.registry.password}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps({"auths": {self.registry.host: login}})},
        }
        self.apply(secret, namespace=namespace)
        return name

    @contextmanager
    def registry_untrusted(self) -> Iterator[None]:
        """For the length of the block the node does not trust the registry's CA: pulls fail with x509."""
        trust = self.folder / "etc" / "registries" / self.registry.host / "ca.crt"
        trust.unlink()  # containerd looks at every pull
        try:
            yield
        finally:
            shutil.copy(self.ca_file, trust)

    def on_node(self, *command: str | Path) -> str:
        """Run a command in the node's network; its standard output."""
        return run("nsenter", "--net=/run/netns/airgap-node", *command).stdout

    def outside(self, *command: str | Path) -> str:
        """Run a command in the network that plays the internet; its standard output."""
        return run("nsenter", "--net=/run/netns/airgap-out", *command).stdout

    @contextmanager
    def without(self, part: str) -> Iterator[None]:
        """For the length of the block the cluster lacks a part: `enforcer`, `api` or `kubelet`."""
        settings = _settings(self.folder, self.netpol)
        _script(settings, "part", part, "stop")
        try:
            yield
        finally:
            _script(settings, "part", part, "start")

    def unenforced(self) -> AbstractContextManager[None]:
        """For the length of the block nobody enforces NetworkPolicies, as with a CNI that ignores them."""
        return self.without("enforcer")

    @contextmanager
    def perimeter_closed(self) -> Iterator[None]:
        """For the length of the block nothing of the cluster gets out, whatever policies say: packets are dropped."""
        rule = ("iptables", "-t", "mangle", "{}", "POSTROUTING", "-o", "out0", "-j", "DROP")
        self.on_node(*(word.format("-A") for word in rule))
        try:
            yield
        finally:
            self.on_node(*(word.format("-D") for word in rule))

    def on_volume(self, volume: str) -> set[int]:
        """User ids that own the files on a PersistentVolume."""
        (folder,) = (self.folder / "volumes").glob(f"{volume}*")
        return {path.stat().st_uid for path in folder.rglob("*") if path.is_file()}

    def images_on_node(self) -> list[str]:
        """References of the images the node's runtime has."""
        socket = self.folder / "containerd.sock"
        listed = run("ctr", "--address", socket, "--namespace", "k8s.io", "images", "ls", "-q").stdout
        return listed.split()


@contextmanager
def cluster(*, netpol: bool = True, wait_seconds: float = 900.0) -> Iterator[Cluster]:
    """Bring a cluster up and take it down again; skips where its programs or root are missing.

    With netpol=False NetworkPolicies are accepted and nobody enforces them.  Raises AssertionError when
    anything was left behind on the machine.
    """
    need_root("a one-node Kubernetes")
    for name in _NEEDED:
        tool(name)
    with (
        tempfile.TemporaryDirectory(prefix="airgap-cluster-") as parent,
        _only_one(Path(parent), wait_seconds),
    ):
        folder = Path(parent) / "run"
        settings = _settings(folder, netpol)
        before = machine_state(folder)
        try:
            _script(settings, "up")
            yield Cluster(folder, netpol, _registry(folder))
        finally:
            _script(settings, "down")
        left = machine_state(folder) - before
        assert not left, f"the cluster left behind: {sorted(left)}"


def attached(folder: Path) -> Cluster:
    """A cluster that is up already, by its folder."""
    return Cluster(folder, True, _registry(folder))


def _registry(folder: Path) -> Registry:
    return Registry(
        kind="docker-registry",
        host=REGISTRY_HOST,
        storage=folder / "registry",
        log=folder / "log" / "registry.log",
        authority=Trust(folder / "pki" / "registry-ca.crt"),
        user=REGISTRY_USER,
        password=REGISTRY_PASSWORD,
    )


def _settings(folder: Path, netpol: bool) -> dict[str, str]:
    """The environment of the scripts."""
    return {
        **os.environ,
        "RUN": str(folder),
        "TOOLS": str(CACHE),
        "NETPOL": "1" if netpol else "0",
        "REGISTRY_USER": REGISTRY_USER,
        "REGISTRY_PASSWORD": REGISTRY_PASSWORD,
    }


def _script(env: Mapping[str, str], name: str, *arguments: str) -> None:
    """Run one of the scripts beside this file; output goes through a file, since what `up` starts would hold a pipe open."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [_HERE / name, *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=400,
            check=False,
        )
        output.seek(0)
        if done.returncode:
            raise NotReady(f"cluster {name}: exit {done.returncode}\n{output.read()}")


@contextmanager
def _only_one(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the machine's only cluster; FOLDER is written down so that the next one can clear up a killed run."""
    if _held:
        raise RuntimeError("this process has a cluster up already: use the fixture `kubernetes`")
    with _LOCK.open("a+") as lock:
        _acquire(lock, seconds)
        lock.seek(0)
        killed = Path(lock.read().strip() or "/nonexistent")
        if killed.is_dir():
            _script(_settings(killed / "run", True), "down")
            shutil.rmtree(killed)
        _write(lock, str(folder))
        _held.append(lock)
        try:
            yield
        finally:
            _held.clear()
            _write(lock, "")


def _acquire(lock: IO[str], seconds: float) -> None:
    def taken() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    wait_until(taken, f"{_LOCK}, which another cluster holds", seconds, every=0.5)


def _write(lock: IO[str], text: str) -> None:
    lock.truncate(0)
    lock.write(text)
    lock.flush()
