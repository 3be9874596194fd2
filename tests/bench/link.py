"""A slow link before a registry: a proxy process on loopback that delays every byte, and bounds how many pass.

`tc netem` would do it in the kernel, but needs root and a kernel module that many machines lack. A new connection
pays one round trip more, as a TCP handshake does.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.bench.measure import environment
from tests.real.process import free_port, wait_until
from tests.real.registry import Registry

_PIECE = 64 * 1024


@contextmanager
def slow(registry: Registry, *, round_trip: float, rate: float = 0) -> Iterator[Registry]:
    """The registry behind a link: ROUND_TRIP in seconds, RATE in bytes a second and direction (0 = unbounded)."""
    port = free_port()
    argv = [sys.executable, "-m", "tests.bench.link", str(port), registry.host, str(round_trip), str(rate)]
    process = subprocess.Popen(argv, env=environment())
    far = replace(registry, host=f"127.0.0.1:{port}")
    try:
        wait_until(lambda: _answers(far), "the link")
        yield far
    finally:
        process.terminate()
        process.wait()


def _answers(registry: Registry) -> bool:
    with contextlib.suppress(OSError):
        return registry.request("GET", "/v2/").status == 200
    return False


class Direction:
    """One direction of the link, shared by all connections."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free = rate, 0.0

    def sent_at(self, now: float, count: int) -> float:
        """When the last of so many bytes has been put on the wire."""
        if not self._rate:
            return now
        self._free = max(self._free, now) + count / self._rate
        return self._free


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction, delay: float, first: float
) -> None:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)

    async def read() -> None:
        extra = first
        data = b"x"
        while data:
            data = await source.read(_PIECE)
            await waiting.put((direction.sent_at(loop.time(), len(data)) + delay + extra, data))
            extra = 0.0

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                break
            sink.write(data)
            await sink.drain()
        with contextlib.suppress(OSError):
            sink.write_eof()

    with contextlib.suppress(OSError):
        await asyncio.gather(read(), write())


async def _serve(port: int, target: str, round_trip: float, rate: float) -> None:
    host, _, there = target.rpartition(":")
    up, down = Direction(rate), Direction(rate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(there))
        await asyncio.gather(
            _pump(reader, far_writer, up, round_trip / 2, round_trip),
            _pump(far_reader, writer, down, round_trip / 2, 0.0),
        )
        writer.close()
        far_writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
