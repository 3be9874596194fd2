"""A rehearsed world behind `wizard.world.World`: real registries, bytes and digests on loopback, a simulated cluster."""

import contextlib
import os
import secrets
from pathlib import Path

from wizard.answers.model import Answers
from wizard.engine.events import Say
from wizard.engine.folder import write_atomic
from wizard.engine.secrets import Prompter, Secret, SecretRef, resolve
from wizard.oci.server import RegistryServer
from wizard.oci.sites import Site as Registry
from wizard.rehearsal.cluster import RehearsedCluster
from wizard.rehearsal.description import Description
from wizard.rehearsal.helm.adapter import RehearsedHelm
from wizard.rehearsal.pulls import Nodes
from wizard.rehearsal.registries import RehearsedSites, seed, source_folder
from wizard.rehearsal.site import Site
from wizard.rehearsal.state import State

MADE_UP = "env:REHEARSED_REGISTRY_PASSWORD"
"""The password of the answers that ship with us: where the variable is not set, the world makes one up."""
DEFAULT_HOST = "registry.internal.example"


class RehearsedWorld:
    """Starts what it is asked for, when it is asked for it; `close` stops it."""

    def __init__(
        self, described: Description, state: Path, prompter: Prompter | None, *, divide: int = 1
    ) -> None:
        self.described = described
        self.state = State(state)
        self._prompter = prompter
        self._divide = divide
        self._outside: RegistryServer | None = None
        self._inside: RegistryServer | None = None
        self._password: Secret | None = None
        self._nodes: Nodes | None = None
        self._cluster: RehearsedCluster | None = None
        self._stack = contextlib.ExitStack()

    @property
    def rehearsal(self) -> str:
        """The world's name: every view says REHEARSAL because of it."""
        return self.described.name

    def listen(self, say: Say) -> None:
        """Nothing of it is away without a problem that says so."""

    @property
    def source(self) -> Path:
        """The folder of the outside registry and the model store."""
        return source_folder(self.state.path.parent, self.described.source, self._divide)

    def host(self, answers: Answers) -> str:
        """The internal registry's name."""
        return self.described.registry.host or answers.registry.host or DEFAULT_HOST

    def sites(self, answers: Answers) -> RehearsedSites:
        """The internal registry's name leads to the inside, every other one to the outside."""
        outside = self._start_outside()
        inside = self._start_inside(answers)
        host = self.host(answers)
        own = Registry(
            host,
            inside.url,
            username=answers.registry.username,
            password=self._password,
            anonymous=self._password is None,
        )
        return RehearsedSites({host: own}, outside=outside.url)

    def _start_outside(self) -> RegistryServer:
        if self._outside is None:
            server = RegistryServer(self.source / "registry")
            self._stack.callback(server.stop)
            server.start()
            seed(self.source, self.described.source, self._divide, server.url)
            self._outside = server
        return self._outside

    def _start_inside(self, answers: Answers) -> RegistryServer:
        if self._inside is None:
            wanted = answers.registry
            users = None
            if wanted.password is not None:
                self._password = self._resolved(wanted.password)
                users = self._users(wanted.username, self._password)
            server = RegistryServer(self.state.path / "registry", htpasswd=users)
            self._stack.callback(server.stop)
            server.start()
            self._inside = server
        return self._inside

    def _resolved(self, where: SecretRef) -> Secret:
        """The password; one that stands for itself in the answers of a rehearsal is made up once and kept."""
        if where.where != MADE_UP or os.environ.get(MADE_UP.partition(":")[2]):
            return resolve(where, "registry.password", self._prompter)
        path = self.state.path / "password"
        if not path.exists():
            write_atomic(path, secrets.token_hex(16))
        return Secret(path.read_text())

    def _users(self, username: str, password: Secret) -> Path:
        import bcrypt

        # few rounds: whoever can read this file can read the state beside it as well
        mark = bcrypt.hashpw(password.reveal().encode()[:72], bcrypt.gensalt(4)).decode()
        path = self.state.path / "htpasswd"
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(f"{username}:{mark}\n", encoding="utf-8")
        temporary.chmod(0o600)
        temporary.replace(path)
        return path

    def site(self, answers: Answers) -> Site:
        """What the simulated cluster works on."""
        sites = self.sites(answers)
        if self._nodes is None:
            self._nodes = Nodes(lambda host: sites.site(host).base)
            self._stack.callback(self._nodes.close)
        hosts = sorted({image.reference.partition("/")[0] for image in self.described.source.images})
        return Site(self.described, self.state, self._nodes, self.host(answers), hosts, self._divide)

    def cluster(self, answers: Answers) -> RehearsedCluster:
        """The simulated cluster."""
        if self._cluster is None:
            self._cluster = RehearsedCluster(self.site(answers))
            self._stack.callback(self._cluster.close)
        return self._cluster

    def helm(self, answers: Answers) -> RehearsedHelm:
        """The rehearsed Helm."""
        return RehearsedHelm(self.cluster(answers))

    def model_store(self, answers: Answers) -> Path:
        """The answers' own store, or the rehearsed one."""
        if answers.model.store is not None:
            return answers.model.store
        self._start_outside()  # it fills the store, once
        return self.source / "models"

    def secret(self, ref: SecretRef, name: str) -> Secret:
        """From where the reference says."""
        return resolve(ref, name, self._prompter)

    def endpoints(self, answers: Answers) -> tuple[str, ...]:
        """Loopback addresses, with the names that they stand for (S2.4)."""
        sites = self.sites(answers)
        images = answers.images
        references = (images.gateway, images.bridge, images.ollama, images.probe, *images.extra)
        hosts = dict.fromkeys(r.partition("/")[0] for r in references)
        outside = f"{sites.outside} (rehearsed {', '.join(hosts)})"
        inside = f"{sites.site(self.host(answers)).base} (rehearsed {self.host(answers)})"
        carried = () if answers.media.bundle and answers.journey != "stage" else (outside,)
        return (*carried, inside, f"kubernetes (simulated: {self.rehearsal})")

    def close(self) -> None:
        """Stop the registries, and let the simulated pods' programs end."""
        self._stack.close()
        self._outside = self._inside = self._nodes = self._cluster = None
