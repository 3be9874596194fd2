"""Hands at a shell of the site: what a screen says is typed to the letter, by an administrator with kubectl and helm."""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.e2e.site import ROOT, Site
from tests.real.tools import tool


class Shell:
    """Types commands. `airgap-wizard`, `kubectl` and `helm` are on the PATH, and nothing has to be filled in."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True, exist_ok=True)
        program = self._bin / "airgap-wizard"
        program.write_text(
            f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m wizard "$@"\n'
        )
        program.chmod(0o755)
        for name, real in (("helm", site.helm), ("kubectl", "kubectl")):
            (self._bin / name).unlink(missing_ok=True)
            (self._bin / name).symlink_to(tool(real))

    def type(self, command: str, *, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        """One line, as it is printed."""
        env = self._site.environment
        env |= {"PATH": f"{self._bin}:{env['PATH']}", "KUBECONFIG": str(self._site.cluster.kubeconfig)}
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self._site.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def carry_out(self, command: str) -> None:
        """One that has to succeed."""
        done = self.type(command)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
