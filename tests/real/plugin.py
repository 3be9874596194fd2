"""Pytest plumbing of the real tools: shared fixtures, and a summary of what was missing."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.certs import Authority
from tests.real.helm import Helm
from tests.real.ollama import Ollama, create_tiny_model, ollama_server
from tests.real.registries import KINDS, REFERRERS, docker_registry, olareg, zot
from tests.real.registry import Registry
from tests.real.tools import missing_in, tool

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plain_docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A real docker-registry on loopback, plain HTTP, shared by the session: use `repository` for names."""
    with docker_registry(tmp_path_factory.mktemp("docker-registry")) as registry:
        yield registry


@pytest.fixture(scope="session")
def plain_olareg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A real olareg (OCI 1.1, referrers) on loopback, plain HTTP, shared by the session."""
    with olareg(tmp_path_factory.mktemp("olareg")) as registry:
        yield registry


@pytest.fixture(scope="session")
def plain_zot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A real zot (OCI 1.1, referrers) on loopback, plain HTTP, shared by the session; optional."""
    with zot(tmp_path_factory.mktemp("zot")) as registry:
        yield registry


@pytest.fixture(params=list(KINDS))
def plain_registry(request: pytest.FixtureRequest) -> Registry:
    """Each plain registry in turn; zot is among them where it is installed."""
    found: Registry = request.getfixturevalue(f"plain_{request.param.replace('-', '_')}")
    return found


@pytest.fixture(params=list(REFERRERS))
def referrers_registry(request: pytest.FixtureRequest) -> Registry:
    """Each plain registry that has the referrers API in turn."""
    found: Registry = request.getfixturevalue(f"plain_{request.param}")
    return found


@pytest.fixture(scope="session")
def private_ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One private CA for the session."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def secure_registry(tmp_path_factory: pytest.TempPathFactory, private_ca: Authority) -> Iterator[Registry]:
    """A real docker-registry as sites have them: TLS by a private CA, and a user `ci` with a password."""
    folder = tmp_path_factory.mktemp("secure-registry")
    with docker_registry(folder, tls=private_ca, users={"ci": "Tr0ub4dor&3"}) as registry:
        yield registry


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    """Each Helm in turn."""
    tool(request.param)
    return Helm(request.param, tmp_path / request.param)


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    """A real Ollama shared by the session, with the model `tiny:1.0` in it; do not change that model."""
    folder = tmp_path_factory.mktemp("ollama")
    with ollama_server(folder) as server:
        create_tiny_model(server, folder / "made", "tiny:1.0")
        yield server


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository name no other test of the session uses, so that registries can be shared."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"t{next(_numbers)}/{name[:60].strip('-')}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every missing real tool and count the tests that were skipped for it."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple) and (name := missing_in(report.longrepr[2])):
            counts[name] += 1
    if counts:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
        terminalreporter.section("real tools missing", yellow=True)
        terminalreporter.line(
            f"{counts.total()} tests skipped for want of: {listed}. Build them once: tests/real/tools/build"
            + (" (zot is optional: tests/real/README.md)" if "zot" in counts else ""),
            yellow=True,
        )
