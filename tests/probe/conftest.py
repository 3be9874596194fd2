"""The probe as a program on this machine, and the models that it loads."""

import json
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.model.stores import FakeStore
from tests.real.tools import tool

_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


@dataclass(frozen=True)
class Said:
    """What one call of the probe came to."""

    exit: int
    lines: list[dict[str, Any]]
    output: str

    @property
    def last(self) -> dict[str, Any]:
        """Its last line."""
        return self.lines[-1]


Probe = Callable[..., Said]


@pytest.fixture
def program() -> Path:
    """The probe for this machine."""
    return tool(f"airgap-probe-{_ARCH}")


@pytest.fixture
def probe(program: Path) -> Probe:
    """Call the probe with these words."""

    def call(*words: str | Path, seconds: float = 60) -> Said:
        # no proxy, no credentials of this machine: in its image the probe has neither
        done = subprocess.run(
            [program, *map(str, words)], env={}, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert not done.stderr or done.returncode, done.stderr
        return Said(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stdout)

    return call


@pytest.fixture
def model(tmp_path: Path) -> FakeStore:
    """A store with granite4.1:8b, weights of 3 MB."""
    from tests.model.stores import tiny_gguf

    store = FakeStore(tmp_path / "connected")
    store.model(gguf=tiny_gguf(padding=3_000_000))
    return store
