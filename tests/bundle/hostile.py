"""What every test of a hostile bundle asks: refused in time, with nothing written and nothing read too far."""

from pathlib import Path

import pytest

from tests.bundle.loading import Target
from tests.bundle.making import NOW, Watched
from wizard.bundle.archive import tarhead
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.shape import BOM_NAME, payload_at
from wizard.bundle.trust.policy import Policy
from wizard.engine.problems import Problem


def refuse(path: Path, policy: Policy, target: Target, now: float = NOW) -> Problem:
    """Open and load; it must be refused before a byte of the payload is read, with nothing written."""
    before = target.files()
    medium = Watched(path)
    with pytest.raises(Problem) as caught, open_bundle(medium, policy, lambda: now) as bundle:
        target.pusher(bundle).push()
    end = payload_at(len(head_of(path))) if path.stat().st_size > 512 else 0
    assert medium.furthest <= max(end, 512), "it was read beyond its head"
    assert target.files() == before == set()
    assert caught.value.exit_code in (2, 3)
    return caught.value


def head_of(path: Path) -> bytes:
    """The bill of materials as far as its header says where it ends; b"" where it says nothing."""
    with path.open("rb") as file:
        size = tarhead.size_of(file.read(512), BOM_NAME)
        return file.read(size) if size is not None and size < 1 << 24 else b""


def spoiled(path: Path, policy: Policy, target: Target, code: str) -> Problem:
    """Refused when the structure is checked: before any content is read, with nothing written."""
    with pytest.raises(Problem) as caught, open_bundle(path, policy) as bundle:
        target.pusher(bundle).push()
    assert caught.value.code == code
    assert target.files() == set()
    return caught.value


def seal(block: bytearray) -> None:
    """Mend the checksum of a header, as a liar would."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
