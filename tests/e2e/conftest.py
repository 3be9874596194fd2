"""One site and one install for the session: everything after it looks at what that install left."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster.cluster import Cluster
from tests.e2e.looking import Looking
from tests.e2e.site import Ran, Site, own_namespace, site_of
from tests.real.ollama import Ollama
from tests.real.registry import Registry
from wizard.cluster.objects.names import COMPONENTS

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def site(
    kubernetes: Cluster,
    plain_docker_registry: Registry,
    ollama: Ollama,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    """Public registries, a model, OpenCost with its MCP server on."""
    return site_of(kubernetes, plain_docker_registry, ollama, tmp_path_factory.mktemp("site"))


@dataclass(frozen=True)
class Installed:
    """A finished install by Helm 3, headless, from one answers file."""

    site: Site
    namespace: str
    answers: Path
    first: Ran
    pods: Mapping[str, Mapping[str, Any]]
    """The components' pods as that run left them; a test that replaces one changes nothing here."""

    @property
    def looking(self) -> Looking:
        """The checks by themselves, as a run asks them."""
        return Looking(self.site, self.answers)


@pytest.fixture(scope="session")
def installed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Installed once; a test that breaks it mends it."""
    mine = site.at(tmp_path_factory.mktemp("installed"))
    with own_namespace(mine, "opencost-ai") as namespace:
        answers = mine.answers(namespace)
        ran = mine.run(answers)
        pods = {c: p for c in COMPONENTS for p in mine.pods(namespace, c)}
        yield Installed(mine, namespace, answers, ran, pods)


@pytest.fixture
def fresh(site: Site, tmp_path: Path) -> Iterator[tuple[Site, str]]:
    """A namespace where nothing was installed yet, and files of the test's own."""
    mine = site.at(tmp_path)
    with own_namespace(mine, f"fresh-{next(_numbers)}") as namespace:
        yield mine, namespace
