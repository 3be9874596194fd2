"""Worlds for tests: tiny, and with a state folder of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rehearsal.opened import Opened, open_tiny


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens a world by name; closed at the end."""
    found: list[Opened] = []

    def make(name: str = "healthy", **changes: object) -> Opened:
        found.append(open_tiny(name, tmp_path / "state" / str(len(found)), **changes))
        return found[-1]

    yield make
    for one in found:
        one.world.close()
