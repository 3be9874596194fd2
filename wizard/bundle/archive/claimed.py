"""What a bundle claims of itself: its head and shape, bounded and consistent, judged by nobody (signing, splitting)."""

from pathlib import Path

from wizard.bundle.archive.head import Head, read_head
from wizard.bundle.archive.medium import FileMedium
from wizard.bundle.archive.opening import shape_of
from wizard.bundle.archive.shape import Shape


def claimed(path: Path) -> tuple[Head, Shape]:
    """Read no payload. Raises Problem `bundle-not-found` and those of `read_head` and `shape_of`."""
    medium = FileMedium(path)
    try:
        head = read_head(medium)
        return head, shape_of(medium.name, head, medium.size)
    finally:
        medium.close()
