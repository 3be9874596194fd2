"""Cut off from everything: what the program asks of the network, heard by Python itself in every process of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

EAR = """
import sys

def hear(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        where = address[0] if isinstance(address, tuple) else ""  # "" is a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        where = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
    else:
        return
    if where:
        with open({heard!r}, "a") as out:
            print(where, file=out)

sys.addaudithook(hear)
"""
TUI = """
import asyncio
from tests.screens.pages import app

async def start():
    shown = app(None)()
    async with shown.run_test(size=(80, 24)) as pilot:
        await pilot.pause()

asyncio.run(start())
"""


class Heard:
    """Runs Python with an ear in it, and in every Python that it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._heard = folder / "heard"
        (folder / "ear").mkdir()
        (folder / "ear" / "sitecustomize.py").write_text(EAR.format(heard=str(self._heard)))

    def __call__(self, *argv: object) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AIRGAP_WIZARD")}
        env = kept | {
            "PYTHONPATH": os.pathsep.join((str(self.folder / "ear"), str(ROOT))),
            "HOME": str(self.folder),
            "AIRGAP_WIZARD_STATE": str(self.folder / "state"),
            "AIRGAP_WIZARD_REHEARSAL": "tiny",
        }
        command = [sys.executable, *map(str, argv)]
        return subprocess.run(
            command,
            env=env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
        )

    @property
    def hosts(self) -> set[str]:
        """Hosts that were connected to, and names that were asked for."""
        return set(self._heard.read_text().split()) if self._heard.exists() else set()


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path)


def test_the_ear_hears(heard: Heard) -> None:
    """Names, connections, and those of a child."""
    heard("-c", "import socket; socket.getaddrinfo('localhost', 1)")
    child = "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.7', 1))"
    heard("-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])")
    assert heard.hosts == {"localhost", "127.0.0.7"}


def test_the_first_start_calls_nobody(heard: Heard) -> None:
    """S2.3: nothing was configured yet; help, answers, explanations, a preview of a whole run, and the wizard's screens."""
    answers = heard("-m", "wizard", "answers", "example")
    assert answers.returncode == 0
    (heard.folder / "answers.yaml").write_text(answers.stdout)
    for words in (
        ("--help",),
        ("--version",),
        ("answers", "check", "answers.yaml"),
        ("run", "--answers-file", "answers.yaml", "--dry-run"),
        ("explain", "disk-full"),
        ("runs",),
    ):
        done = heard("-m", "wizard", *words)
        assert done.returncode == 0, (words, done.stderr)
    shown = heard("-c", TUI)
    assert shown.returncode == 0, shown.stderr
    assert heard.hosts == set()


def test_a_whole_journey_stays_on_loopback(heard: Heard) -> None:
    """S2.1: mirrored, carried, installed and proved, the outside included, and no name was ever looked up."""
    done = heard("-m", "wizard", "run", "--rehearse", "healthy")
    assert done.returncode == 0, done.stdout[-3000:]
    assert heard.hosts == {"127.0.0.1"}
