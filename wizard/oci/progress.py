"""Progress of one item: what the mover tells, thinned to what a person can read, never backwards."""

import time
from collections.abc import Callable

from wizard.engine.events import Move, Moved
from wizard.engine.stop import Stop

Report = Callable[[Moved], None]
"""Takes an item's progress, without `at` and `step` (the runner adds them). Called from several threads."""

_EVERY = 0.1  # seconds between two reports of one blob


def quiet(_: Moved) -> None:
    """A Report that tells nobody."""


class Progress:
    """Counts the bytes of one blob. `advance` is called once a chunk: it is also where a stop is noticed."""

    __slots__ = ("_at", "_move", "_report", "_shown", "_words", "item", "position", "stop", "total", "tries")

    def __init__(
        self,
        report: Report = quiet,
        item: str = "",
        *,
        total: int = 0,
        stop: Stop | None = None,
        digest: str = "",
        source: str = "",
        target: str = "",
        group: str = "",
        platform: str = "",
    ) -> None:
        self._report, self.item, self.total = report, item, total
        self.stop = stop or Stop()
        self.position = 0
        self.tries = 0
        self._shown = 0
        self._at = 0.0
        self._move = Move.QUEUED
        self._words = (digest, source, target, group, platform)

    def _tell(self, move: Move) -> None:
        self._move = move
        self._at = time.monotonic()
        self._shown = max(self._shown, self.position)  # a retry starts again; the bar does not run back
        digest, source, target, group, platform = self._words
        self._report(
            Moved(
                item=self.item,
                move=move,
                done=self._shown,
                total=self.total,
                tries=self.tries,
                digest=digest,
                source=source,
                target=target,
                group=group,
                platform=platform,
            )
        )

    def queued(self) -> None:
        """It will be moved."""
        self._tell(Move.QUEUED)

    def advance(self, count: int) -> None:
        """So many bytes more. Raises Stopped."""
        self.stop.check()
        self.position += count
        if time.monotonic() - self._at >= _EVERY or self._move is not Move.ACTIVE:
            self._tell(Move.ACTIVE)

    def at(self, position: int) -> None:
        """The move goes on from here (a resume, a restart)."""
        self.stop.check()
        self.position = position
        self._tell(Move.ACTIVE)

    def retry(self) -> None:
        """The last try failed, another begins."""
        self.stop.check()
        self.tries += 1
        self._tell(Move.RETRYING)

    def end(self, move: Move) -> None:
        """Nothing more will happen to it."""
        self.position = self.total = max(self.total, self.position)
        self._tell(move)
