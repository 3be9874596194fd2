"""Launching a run: a process in a session of its own, so that no closed terminal ever interrupts it.

Prompted secrets go over the child's standard input, once; never over its arguments or environment.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import wizard
from wizard.engine.folder import RunFolder
from wizard.engine.journal import being_written
from wizard.engine.problems import Problem, Remedy


def program() -> list[str]:
    """How this very program is started again."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "wizard"]


def launch(folder: RunFolder, prompted: Mapping[str, str] | None = None) -> int:
    """Start the run of a folder and return its pid at once. Raises Problem `run-not-launched`."""
    env = dict(os.environ)
    if not getattr(sys, "frozen", False):
        home = str(Path(wizard.__file__).resolve().parents[1])
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [home, env.get("PYTHONPATH", "")]))
    try:
        with folder.process_log.open("ab") as log:
            child = subprocess.Popen(
                [*program(), "_execute", str(folder.path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=env,
            )
        assert child.stdin is not None
        with child.stdin:
            child.stdin.write(json.dumps(dict(prompted or {})).encode())
    except OSError as error:
        raise Problem(
            "run-not-launched",
            "the run could not be started",
            detail=str(error),
            remedies=(Remedy("see what the process said", f"cat {folder.process_log}"),),
        ) from None
    # its end is read from the journal; this only keeps it from staying a zombie while we live
    threading.Thread(target=child.wait, name=f"reap-{child.pid}", daemon=True).start()
    return child.pid


def ask_to_stop(folder: RunFolder, wait: float = 0.0) -> bool:
    """Ask a running run to stop at the next safe point; True once it has (within `wait` seconds)."""
    if not being_written(folder.journal):
        return True
    # the holder of the journal's lock wrote this file: the pid is that of the run
    os.kill(int(folder.pid_file.read_text()), signal.SIGTERM)
    deadline = time.monotonic() + wait
    while being_written(folder.journal):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
