"""Fixtures of the model tests."""

from pathlib import Path

import pytest

from tests.model.stores import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    """An empty store."""
    return FakeStore(tmp_path / "models")
