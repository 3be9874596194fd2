"""What the server tells whoever listens: one event a request, and troubles. Never a header or a credential."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """One request that was answered. `sent` and `received` are body bytes, `seconds` from request line to end."""

    at: float
    client: str
    method: str
    path: str
    status: int
    received: int
    sent: int
    seconds: float
    user: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that no reply told: a connection that broke, a bug with its traceback."""

    at: float
    client: str
    text: str
    detail: str = ""


Log = Callable[[Access | Trouble], None]
"""Called from the server's threads; must not block."""
