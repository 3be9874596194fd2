"""A host of its own: a network namespace with a way out that leads nowhere, and a count of what was sent that way."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.tools import tool

ROOT = Path(__file__).parents[2]


@dataclass
class Host:
    """One side of the gap."""

    name: str
    home: Path
    path: Sequence[Path] = field(default_factory=list)

    def run(
        self, *argv: object, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command on this host."""
        places = os.pathsep.join([*map(str, self.path), os.environ["PATH"]])
        done = subprocess.run(
            [tool("ip"), "netns", "exec", self.name, *map(str, argv)],
            env=self.env | {"PATH": places} | dict(env or {}),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert not check or done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def wizard(self, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The program on this host."""
        return self.run(sys.executable, "-m", "wizard", *words, check=check)

    @property
    def env(self) -> dict[str, str]:
        hidden = ("AIRGAP_WIZARD_STATE", "DOCKER_CONFIG")
        kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and k not in hidden}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "AIRGAP_WIZARD_STATE": str(self.home / "state"),
            "DOCKER_CONFIG": str(self.home / "docker"),
        }

    def sent(self) -> int:
        """Packets that left by anything but loopback, or tried to."""
        count = 0
        for program in ("iptables", "ip6tables"):
            listed = self.run(program, "-L", "OUTPUT", "-vxn").stdout.splitlines()
            count += sum(int(line.split()[0]) for line in listed[2:])
        return count


@contextmanager
def host(name: str, home: Path, path: Sequence[Path] = ()) -> Iterator[Host]:
    """Needs root. The route out is a cable whose other end nobody holds: what is sent is counted, and lost."""
    home.mkdir(parents=True, exist_ok=True)
    made = Host(f"{name}-{os.getpid()}", home, list(path))
    ip = tool("ip")
    subprocess.run([ip, "netns", "add", made.name], check=True)
    try:
        for words in (
            "link set lo up",
            "link add out type veth peer name nowhere",
            "addr add 10.9.9.1/24 dev out",
            "link set out up",
            "link set nowhere up",
            "route add default via 10.9.9.2 dev out",
            "neigh add 10.9.9.2 lladdr 02:00:00:00:00:01 dev out",
        ):
            made.run(ip, *words.split())
        made.run("iptables", "-A", "OUTPUT", "!", "-o", "lo", "-j", "ACCEPT")
        # what IPv6 says to find its neighbours is the kernel's, not ours
        made.run("ip6tables", "-A", "OUTPUT", "!", "-o", "lo", "!", "-p", "ipv6-icmp", "-j", "ACCEPT")
        yield made
    finally:
        subprocess.run([ip, "netns", "del", made.name], check=True)
