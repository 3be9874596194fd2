"""What a cluster could leave behind on the machine, read before and after."""

import re
import subprocess
from pathlib import Path

from tests.real.tools import tool

_SYSCTLS = Path(__file__).with_name("sysctls")
_COUNTERS = re.compile(r"\[\d+:\d+\]")


def machine_state(folder: Path) -> set[str]:
    """One line for each thing `up` can make: what is added to it after `down` was left behind.

    Processes and mounts are those that name FOLDER; all other things are the machine's.
    """
    return {
        *_processes(folder),
        *(f"mount {line.split()[1]}" for line in _lines("/proc/self/mounts") if str(folder) in line),
        *_settings(),
        *(f"cgroup {path}" for path in Path("/sys/fs/cgroup").glob("**/kubepods")),
        *(f"network namespace {path.name}" for path in Path("/run/netns").glob("*")),
        *(f"link {path.name}" for path in Path("/sys/class/net").iterdir()),
        *(f"route {line}" for line in _say("ip", "route")),
        *("rule " + _COUNTERS.sub("", line) for line in _say("iptables-save") if line[0] != "#"),
        *(f"ipset {line}" for line in _say("ipset", "list", "-n")),
        *([f"folder {folder}"] if folder.exists() else []),
    }


def _settings() -> list[str]:
    """The kernel's, as they are now."""
    names = [line.partition("=")[0] for line in _lines(str(_SYSCTLS)) if not line.startswith("#")]
    return [f"sysctl {name} = {_lines('/proc/sys/' + name.replace('.', '/'))[0].strip()}" for name in names]


def _processes(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # ended meanwhile
            continue
        if str(folder) in command:
            found.append(f"process {path.parent.name} {command[:200]}")
    return found


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _say(program: str, *arguments: str) -> list[str]:
    done = subprocess.run([tool(program), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
