"""A state folder of the test's own, and one bundle that tests copy before they spoil it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.loading import Target, registry
from tests.bundle.making import Made, make_bundle


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state"
    monkeypatch.setenv("AIRGAP_WIZARD_STATE", str(path))
    return path


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once; never changed."""
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def made(master: Made, tmp_path: Path) -> Iterator[Made]:
    """A copy that a test may spoil."""
    path = tmp_path / "demo.airgap"
    shutil.copyfile(master.path, path)
    yield Made(path, master.shape, master.key, master.policy, master.images)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """An empty registry on loopback."""
    with registry(tmp_path / "registry") as found:
        yield found
