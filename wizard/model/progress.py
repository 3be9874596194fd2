"""How this package reports bytes as they move, and the one loop that hashes a file while it is read."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from wizard.engine.events import Move, Moved
from wizard.engine.stop import Stop

Report = Callable[[Moved], None]
"""Gets an event each few MiB; must not block."""

CHUNK = 128 << 10
"""Bytes; larger reads are no faster, larger writes were slower."""
EVERY = 8 << 20
"""Bytes between two reports of one item."""


def silent(_event: Moved) -> None:
    """For callers who watch nothing."""


def hash_file(path: Path, item: str, report: Report, stop: Stop, *, digest: str = "") -> str:
    """sha256 of a file, as `sha256:HEX`, in flat memory. Raises OSError, Stopped."""
    total, done, told = path.stat().st_size, 0, 0
    hasher = hashlib.sha256()
    buffer = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            stop.check()
            hasher.update(buffer[:count])
            done += count
            if done - told >= EVERY:
                told = done
                report(Moved(item=item, move=Move.ACTIVE, done=done, total=total, digest=digest))
    return "sha256:" + hasher.hexdigest()
