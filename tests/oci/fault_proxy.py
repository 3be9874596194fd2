"""A TCP proxy on loopback that spoils what passes: cuts, stalls, flips a bit, crawls. It works before any registry."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

PIECE = 16 * 1024


class Fault(Enum):
    """What happens to the connection that carries the byte."""

    CUT = "cut"  # the connection is reset
    END = "end"  # it is closed in good order, too early
    STALL = "stall"  # it stays open, and nothing more arrives
    FLIP = "flip"  # one bit of the byte is another
    CRAWL = "crawl"  # from here on a few bytes at a time


@dataclass
class Armed:
    """A fault that waits until `left` more bytes have passed in its direction."""

    fault: Fault
    left: int


@dataclass
class FaultProxy:
    """Listens at `host`, forwards to `target`. Directions are "up" (to the registry) and "down" (from it)."""

    target: str
    host: str = ""
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    connections: int = 0

    def __post_init__(self) -> None:
        self._armed: dict[str, list[Armed]] = {"up": [], "down": []}
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._spawn(self._accept)

    def arm(self, direction: str, fault: Fault, *after: int) -> None:
        """Let the fault happen after so many bytes, counted from now; several numbers = that often, one by one."""
        with self._lock:
            self._armed[direction] += [Armed(fault, count) for count in after]

    def wait_for(self, direction: str, goal: int, seconds: float = 0.2) -> bool:
        """Wait until so many bytes have passed in all; False where they did not within `seconds`."""
        with self._moved:
            return self._moved.wait_for(lambda: self.passed[direction] >= goal, seconds)

    @property
    def spent(self) -> bool:
        """True where every fault has happened."""
        return not any(self._armed.values())

    @property
    def idle(self) -> bool:
        """True where no connection is open any more: nothing more passes until there is a new one."""
        return not any(thread.is_alive() for thread in self._threads[1:])

    def _spawn(self, run: "threading.Thread | object", *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            host, _, port = self.target.rpartition(":")
            far = socket.create_connection((host, int(port)))
            with self._lock:
                self.connections += 1
                self._sockets += [near, far]
                if self._closing.is_set():
                    near.close()
                    far.close()
                    return
            self._spawn(self._pump, near, far, "up")
            self._spawn(self._pump, far, near, "down")

    def _pump(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        crawling = False
        with suppress(OSError):
            while data := source.recv(PIECE):
                data, fault = self._spoil(direction, data)
                crawling = crawling or fault is Fault.CRAWL
                step = 64 if crawling else len(data) or 1
                for begin in range(0, len(data), step):
                    sink.sendall(data[begin : begin + step])
                    if crawling:
                        self._closing.wait(0.02)
                with self._moved:
                    self.passed[direction] += len(data)
                    self._moved.notify_all()
                if fault is Fault.STALL:
                    while source.recv(PIECE):  # swallowed, as by a link that died; until the sender gives up
                        pass
                    for end in (source, sink):
                        with suppress(OSError):
                            _close(end, hard=False)
                    return
                elif fault in (Fault.CUT, Fault.END):
                    for end in (source, sink):
                        with suppress(OSError):
                            _close(end, hard=fault is Fault.CUT)
                    return
        # the one who sent may have died without a word: the other hears of it all the same
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _spoil(self, direction: str, data: bytes) -> tuple[bytes, Fault | None]:
        """What passes of the data, and the fault that happens at its end."""
        with self._lock:
            waiting = self._armed[direction]
            if not waiting:
                return data, None
            first = waiting[0]
            if first.left >= len(data):
                first.left -= len(data)
                return data, None
            waiting.pop(0)
            if first.fault is Fault.FLIP:
                spoiled = bytearray(data)
                spoiled[first.left] ^= 0x10
                return bytes(spoiled), None
            return data if first.fault is Fault.CRAWL else data[: first.left], first.fault

    def close(self) -> None:
        """Close everything."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in sockets:
            each.close()


def _close(end: socket.socket, *, hard: bool) -> None:
    if not hard:
        end.shutdown(socket.SHUT_RDWR)
        return
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.shutdown(socket.SHUT_RD)  # wakes the other pump, whose recv would keep the socket open
    end.close()


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A running proxy before `target` (HOST:PORT)."""
    proxy = FaultProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
