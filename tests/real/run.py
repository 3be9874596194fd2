"""Run a real tool to its end and read what it said."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.real.tools import tool


def run(
    name: str,
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    cwd: Path | None = None,
    seconds: float = 120.0,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run the tool NAME; a failure (where CHECK) raises AssertionError with all its output."""
    done = subprocess.run(
        [str(tool(name)), *map(str, arguments)],
        env={**os.environ, **(env or {})},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        cwd=cwd,
        timeout=seconds,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(
            f"{name} {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done


def said(name: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
    """The standard output of a run that must succeed, without surrounding white space."""
    return run(name, *arguments, env=env).stdout.strip()
