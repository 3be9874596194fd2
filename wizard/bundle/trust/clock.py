"""Whether this machine's clock can be right: expiry is only as good as the clock that judges it."""

from collections.abc import Callable

from wizard.bundle import problems
from wizard.bundle.keys.certificates import utc
from wizard.bundle.trust.policy import Policy

Clock = Callable[[], float]
"""Seconds since 1970, UTC; `time.time` in life, anything in a test."""

FLOOR = 1767225600.0
"""2026-01-01: this program did not exist before."""
_SLACK = 86400.0


def plausible(now: float) -> None:
    """Raises Problem `clock-implausible` for a clock that has lost its battery."""
    if now < FLOOR:
        raise problems.clock(utc(now), utc(FLOOR), "this program did not exist yet")


def skew(now: float, policy: Policy) -> str:
    """A sentence where the clock is behind the policy's own file, else ""."""
    behind = policy.written - now
    if behind <= _SLACK:
        return ""
    return f"; the clock seems to be behind: {policy.path} was written {behind / 86400:.0f} days later, {utc(policy.written)}"
