"""When to try again, and how long to wait first."""

import time
from dataclasses import dataclass

from wizard.oci.numbers import number

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be different next time. 501, 505 and 507 will not."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how patiently. Seconds."""

    tries: int = 6
    first: float = 0.4
    most: float = 20.0
    patience: float = 300.0
    """The longest Retry-After that is obeyed; a longer one is a problem told at once."""

    def delay(self, attempt: int, after: float | None = None) -> float:
        """Seconds before try number `attempt` + 1 (attempts count from 0), jittered so that clients spread out."""
        import random  # only once something went wrong: imports are most of a command that has nothing to do

        if after is not None:
            return after + random.uniform(0, min(1.0, self.first))  # noqa: S311  (no secret)
        top = min(self.most, self.first * (2**attempt))
        return random.uniform(top / 2, top)  # noqa: S311


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms; None where it says nothing sensible."""
    if not value:
        return None
    if (seconds := number(value)) is not None:
        return float(seconds)
    import email.utils

    try:
        when = email.utils.parsedate_to_datetime(value)
        return max(0.0, when.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
