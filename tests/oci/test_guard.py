"""A socket that waits for a heap of bytes before it moves them, and never for long."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from wizard.engine.stop import Stop
from wizard.oci.guard import PlainGuard, Stalled
from wizard.oci.hose import Hose

HEAP = 256 * 1024


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, PlainGuard, Hose]]:
    """The server's side, and ours with a pipe."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ours = stack.enter_context(socket.create_connection(listener.getsockname()))
        theirs, _ = listener.accept()
        stack.enter_context(theirs)
        hose = stack.enter_context(closing(Hose()))
        yield theirs, PlainGuard(ours, Stop(), stall=1.5), hose


class Waited:
    """A poll that says when somebody waits in it."""

    def __init__(self, poll: Any) -> None:
        self._poll, self.begun = poll, threading.Event()

    def poll(self, milliseconds: float) -> Any:
        self.begun.set()
        return self._poll.poll(milliseconds)


def test_small_pieces_are_moved_in_heaps(
    ends: tuple[socket.socket, PlainGuard, Hose], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that writes 16 KiB at a time would wake us for each of them: the first is there, the rest comes while we wait."""
    theirs, guard, hose = ends
    monkeypatch.setattr("wizard.oci.guard.TICK", 30.0)  # however busy the machine
    piece, count = bytes(16 * 1024), 64
    waited = guard._poll = Waited(guard._poll)

    def serve() -> None:
        waited.begun.wait(30)
        for _ in range(count - 1):
            theirs.sendall(piece)

    theirs.sendall(piece)
    server = threading.Thread(target=serve)
    server.start()
    total, moves = count * len(piece), []
    while sum(moves) < total:
        moves.append(guard.splice(hose.end, min(total - sum(moves), hose.size)))
        os.read(hose._out, moves[-1])
    server.join()
    assert moves[0] >= HEAP // 2  # the kernel wakes us earlier where its window is nearly full
    assert len(moves) < 16


def test_less_than_a_heap_is_moved_soon(ends: tuple[socket.socket, PlainGuard, Hose]) -> None:
    """A slow line is no dead line."""
    theirs, guard, hose = ends
    for _ in range(4):  # longer than what is borne without a byte
        theirs.sendall(b"x" * 1000)
        began = time.monotonic()
        assert guard.splice(hose.end, hose.size) == 1000
        assert time.monotonic() - began < 1.2
        os.read(hose._out, 1000)
    with pytest.raises(Stalled):
        guard.splice(hose.end, hose.size)


def test_afterwards_a_single_byte_is_enough(ends: tuple[socket.socket, PlainGuard, Hose]) -> None:
    """The connection is used again: the next head is short."""
    theirs, guard, hose = ends
    theirs.sendall(bytes(HEAP + 5))
    moved = 0
    while moved < HEAP:
        moved += guard.splice(hose.end, hose.size - moved)
    theirs.sendall(b"H")
    assert guard.readable()
    rest = bytearray(100)
    got = guard.recv_into(memoryview(rest))
    assert got >= 1


def test_the_end_of_the_stream_ends_the_wait(ends: tuple[socket.socket, PlainGuard, Hose]) -> None:
    theirs, guard, hose = ends
    theirs.close()
    assert guard.splice(hose.end, hose.size) == 0
