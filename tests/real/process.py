"""Start a server for the length of a `with`, wait until it answers, and leave nothing behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class NotReady(AssertionError):
    """A server ended, or did not answer in time; the text carries the end of its log."""


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], T], what: object, seconds: float = 30.0, every: float = 0.02) -> T:
    """Poll until the condition holds, and return what it then was; NotReady, with WHAT as it is by then, after SECONDS.

    EVERY: seconds between two looks; more where a look itself is work.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise NotReady(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return found


@contextmanager
def running(
    argv: Sequence[str | Path],
    log: Path,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    seconds: float = 30.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own until the block ends.

    READY is polled; it may raise OSError for "not yet".  Output goes to LOG.  The whole group is ended with
    SIGTERM, then SIGKILL.
    """
    name = Path(argv[0]).name

    def answers() -> bool:
        if process.poll() is not None:
            raise NotReady(f"{name} ended with {process.returncode}:\n{_tail(log)}")
        try:
            return ready()
        except OSError:
            return False

    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(a) for a in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    try:
        try:
            wait_until(answers, name, seconds)
        except NotReady as problem:
            raise NotReady(f"{problem}\n{_tail(log)}") from None
        yield process
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[bytes], seconds: float = 5.0) -> None:
    """End a process started as the leader of its group, and every process of that group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
