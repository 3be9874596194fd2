"""A TCP proxy that lets so many bytes a second through: a transfer that lasts long enough to be interrupted."""

import contextlib
import socket
import threading
from collections.abc import Iterator

_PIECE = 16 * 1024
_SMALL = 4 * 1024
"""Bytes: what comes in smaller pieces (an answer's head, a manifest) passes at once: only layers are long in coming."""


class Throttle:
    """Bytes a second from the target to the client; 0 = as fast as it goes. May be changed while it runs."""

    def __init__(self, target: tuple[str, int], rate: int) -> None:
        self._target = target
        self._rate = rate
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def rate(self) -> int:
        return self._rate

    @rate.setter
    def rate(self, rate: int) -> None:
        """What waits at the old rate waits no longer."""
        with self._changed:
            self._rate = rate
            self._changed.notify_all()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, slowly: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                sink.sendall(data)
                if slowly and len(data) > _SMALL:
                    self._hold(len(data))
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _hold(self, size: int) -> None:
        with self._changed:
            if rate := self._rate:
                self._changed.wait_for(lambda: self._rate != rate, size / rate)

    def close(self) -> None:
        # a thread inside accept() is woken by shutdown, not by close
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.rate = 0
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def throttle(target: tuple[str, int], rate: int) -> Iterator[Throttle]:
    """A proxy in front of `target`."""
    proxy = Throttle(target, rate)
    try:
        yield proxy
    finally:
        proxy.close()
