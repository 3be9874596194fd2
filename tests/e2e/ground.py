"""A namespace where nothing is installed, to be refused in: what is broken for a test is mended by it, and nothing stays."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.site import Ran, Site, own_namespace
from tests.real.process import NotReady, wait_until
from tests.real.tools import tool

_KINDS = (
    "pods,deployments,statefulsets,replicasets,services,secrets,configmaps,"
    "persistentvolumeclaims,networkpolicies,serviceaccounts,jobs,roles,rolebindings"
)


@dataclass(frozen=True)
class Ground:
    """A site, a namespace of its own, and the answers for it. `bare` is all that is there before anything was tried."""

    site: Site
    namespace: str
    answers: Path
    bare: frozenset[str]

    def here(self) -> frozenset[str]:
        """KIND/NAME of everything in the namespace."""
        found = self.site.cluster.get(_KINDS, "-n", self.namespace)["items"]
        return frozenset(f"{each['kind']}/{each['metadata']['name']}" for each in found)

    def untouched(self) -> None:
        """Nothing half-done remains: not in the namespace, not elsewhere, and Helm knows of nothing."""
        self.site.nothing_left(self.namespace)
        try:  # what Helm or a remedy has deleted goes in its own time
            wait_until(lambda: self.here() == self.bare, "the namespace is as it was", 20)
        except NotReady:
            raise AssertionError(f"left: {sorted(self.here() ^ self.bare)}") from None

    def preflight(self, *words: str, **sets: str) -> Ran:
        """`preflight` with some answers changed: SECTION__KEY=VALUE."""
        return self.run(*words, command="preflight", **sets)

    def run(
        self, *words: str, command: str = "run", env: Mapping[str, str] | None = None, **sets: str
    ) -> Ran:
        """`run`, the same way."""
        site = self.site.at(self.site.folder, env={**self.site.env, **env}) if env else self.site
        changed = [w for key, value in sets.items() for w in ("--set", f"{key.replace('__', '.')}={value}")]
        return site.run(self.answers, *words, *changed, command=command)

    def type(self, command: str) -> str:
        """Do what a remedy says, to the letter, as the site's administrator; what it printed."""
        programs = self.site.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name, program in (("kubectl", "kubectl"), ("helm", self.site.helm)):
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(tool(program))
        done = subprocess.run(
            ["bash", "-euc", command],
            env={
                "PATH": f"{programs}:/usr/bin:/bin",
                "HOME": str(self.site.folder),
                **self.site.cluster.env,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def having(self, *objects: Mapping[str, Any], namespace: str = "") -> Iterator[None]:
        """For the length of the block these objects are there."""
        space = namespace or self.namespace
        if objects:
            self.site.cluster.apply(*objects, namespace=space)
        try:
            yield
        finally:
            for each in objects:
                name = f"{each['kind']}/{each['metadata']['name']}"
                self.site.cluster.kubectl("-n", space, "delete", name, "--ignore-not-found", "--wait=true")


@contextmanager
def ground(site: Site, namespace: str) -> Iterator[Ground]:
    """A namespace with the account's Role, and what every namespace has; gone afterwards."""
    with own_namespace(site, namespace):
        made = Ground(site, namespace, site.answers(namespace), frozenset())
        wait_until(
            lambda: {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"} <= made.here(),
            f"what every namespace has in {namespace}",
            30,
        )
        yield Ground(site, namespace, made.answers, made.here())
