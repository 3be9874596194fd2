"""How large a chart may be. Helm itself refuses more; a hostile archive must not fill memory before it is refused."""

from wizard.engine.problems import Problem, Remedy

MOST_FILES = 5_000
MOST_FILE = 5 * 1024 * 1024
"""Bytes of one file (Helm's own limit)."""
MOST_TOTAL = 64 * 1024 * 1024
"""Bytes of all files, and of the unpacked archive with its headers."""


def unreadable(where: object, why: str) -> Problem:
    """`chart-not-readable`: the file is damaged, or made to do harm. Nothing of it was written anywhere."""
    return Problem(
        "chart-not-readable",
        f"the chart {where} is refused: {why}",
        detail="nothing of it was unpacked or used",
        remedies=(
            Remedy(
                "get the chart again from where it was released and compare its digest", f"sha256sum {where}"
            ),
        ),
        exit_code=2,
    )


class Budget:
    """Counts what was taken, and refuses what goes beyond the bounds."""

    def __init__(self, where: object) -> None:
        self.where = where
        self.files = 0
        self.total = 0

    def take(self, name: str, size: int) -> None:
        """One more file. Raises Problem `chart-not-readable`."""
        self.files += 1
        self.total += size
        if size > MOST_FILE:
            raise unreadable(self.where, f"{name} has {size} bytes, more than {MOST_FILE}")
        if self.files > MOST_FILES:
            raise unreadable(self.where, f"it has more than {MOST_FILES} files")
        if self.total > MOST_TOTAL:
            raise unreadable(self.where, f"its files have more than {MOST_TOTAL} bytes")
