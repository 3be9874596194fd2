"""Keep-alive connections per endpoint, shared by all threads."""

import ssl
import threading
import time
from collections.abc import Callable

from wizard.engine.stop import Stop
from wizard.oci.wire import Endpoint, Line

_IDLE = 55.0  # seconds; registries and the proxies before them close at 60 and more
_KEEP = 64  # idle connections kept per endpoint

Key = tuple[Endpoint, str]
"""An endpoint, and whose TLS context it was made with."""


class Pool:
    """Connections that wait for their next request; the one used last goes first, so that few stay warm."""

    def __init__(self, stop: Stop, *, stall: float, connect: float) -> None:
        self._stop, self._stall, self._connect = stop, stall, connect
        self._lock = threading.Lock()
        self._idle: dict[Key, list[tuple[float, Line]]] = {}
        self._closed = False

    def take(
        self,
        endpoint: Endpoint,
        owner: str,
        tls: Callable[[], ssl.SSLContext],
        proxy_headers: dict[str, str],
        *,
        fresh: bool = False,
    ) -> Line:
        """An idle connection that is still open, or a new one (not yet connected)."""
        while not fresh:
            with self._lock:
                waiting = self._idle.get((endpoint, owner))
                if not waiting:
                    break
                since, line = waiting.pop()
            if time.monotonic() - since < _IDLE and not line.stale:
                return line
            line.close()
        return Line(
            endpoint, tls, self._stop, stall=self._stall, connect=self._connect, proxy_headers=proxy_headers
        )

    def give(self, line: Line, owner: str) -> None:
        """Take a connection back whose answer was read to the end."""
        with self._lock:
            waiting = self._idle.setdefault((line.endpoint, owner), [])
            if not self._closed and len(waiting) < _KEEP and line.sock is not None and not line.spoiled:
                line.used += 1
                waiting.append((time.monotonic(), line))
                return
        line.close()

    def close(self) -> None:
        """Close all that is idle, and whatever comes back later."""
        with self._lock:
            self._closed = True
            lines = [line for waiting in self._idle.values() for _, line in waiting]
            self._idle.clear()
        for line in lines:
            line.close()
