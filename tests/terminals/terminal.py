"""A terminal for the wizard: a real pty with an emulator behind it, that types keys and reads the screen."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ROOT = Path(__file__).parents[2]
COMMON = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "down": "\x1b[B",
    "up": "\x1b[A",
}
VT220 = {f"f{n}": f"\x1b[{code}~" for n, code in zip(range(6, 11), (17, 18, 19, 20, 21), strict=True)}
XTERM = VT220 | {"f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~"}
LINUX = VT220 | {f"f{n}": f"\x1b[[{letter}" for n, letter in zip(range(1, 6), "ABCDE", strict=True)}
KEYS = {"xterm-256color": XTERM, "linux": LINUX, "vt220": VT220}


class Terminal:
    """`with Terminal("vt220", ["--rehearse", "healthy"], state) as t:` runs the program on a pty of that kind."""

    def __init__(
        self, term: str, argv: list[str], state: Path, *, size: tuple[int, int] = (80, 24), env: Mapping[str, str] = {}
    ) -> None:  # fmt: skip
        self.term, self.raw = term, b""
        self.screen = pyte.Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        kept = {
            k: v
            for k, v in os.environ.items()
            if k not in ("NO_COLOR", "COLORTERM", "LC_ALL", "LINES", "COLUMNS")
        }
        full = kept | {
            "TERM": term, "LANG": "C.UTF-8", "AIRGAP_WIZARD_STATE": str(state), "AIRGAP_WIZARD_REHEARSAL": "tiny",
            "TEXTUAL_ANIMATIONS": "none", "PYTHONPATH": str(ROOT), **env,
        }  # fmt: skip
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-m", "wizard", *argv], full)
        self.resize(*size)
        self.status: int | None = None

    def resize(self, width: int, height: int) -> None:
        """As if the window had been dragged."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what was drawn; False once the other end has gone."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def until(self, condition: Callable[[], object], seconds: float = 120.0) -> None:
        """Read until it holds; fails with the screen as it is."""
        end = time.monotonic() + seconds
        while not condition():
            alive = self.read()
            if not condition():
                assert alive and time.monotonic() < end, "in vain; the screen is\n" + self.text
        self.read(0.1)

    def sees(self, *words: str, seconds: float = 120.0) -> None:
        """Until all the words are on the screen."""
        self.until(lambda: all(word in self.text for word in words), seconds)

    def press(self, *keys: str) -> None:
        """Type keys, or text as it is."""
        for key in keys:
            os.write(self.fd, (COMMON | KEYS.get(self.term, XTERM)).get(key, key).encode())
            self.read(0.1)

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def hang_up(self) -> None:
        """The line is cut."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def wait(self, seconds: float = 30.0) -> int:
        """The exit code."""
        end = time.monotonic() + seconds
        while self.status is None:
            if self.fd >= 0:
                self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            else:
                assert time.monotonic() < end, "it does not end; the screen is\n" + self.text
                time.sleep(0.01)
        return self.status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()
        self.hang_up()
