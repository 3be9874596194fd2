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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import wizard
from wizard.engine.folder import RunFolder, write_atomic
from wizard.engine.journal import being_written
from wizard.engine.problems import Problem, Remedy

ASKS = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask a run to stop at its next safe point."""


def program() -> list[str]:
    """How this very program is started again."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "wizard"]


def launch(folder: RunFolder, prompted: Mapping[str, str] | None = None) -> int:
    """Start the run of a folder and return its pid at once. Raises Problem `run-not-launched`."""
    env = dict(os.environ)
    if getattr(sys, "frozen", False):
        # the run unpacks its own copy: ours is removed when this command ends, and the run goes on
        env["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    else:
        home = str(Path(wizard.__file__).resolve().parents[1])
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [home, env.get("PYTHONPATH", "")]))
    try:
        with open(folder.process_log, "ab", opener=_private) as log, _held_back():
            child = subprocess.Popen(
                [*program(), "_execute", str(folder.path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=env,
            )
        _begin(child, folder, prompted or {})
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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _begin(child: "subprocess.Popen[bytes]", folder: RunFolder, prompted: Mapping[str, str]) -> None:
    """It begins when it has read this to the end, and by then anybody can ask it to stop."""
    assert child.stdin is not None
    try:
        write_atomic(folder.pid_file, str(child.pid))
        child.stdin.write(json.dumps(dict(prompted)).encode())
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        with suppress(BrokenPipeError):
            child.stdin.close()


@contextmanager
def _held_back() -> Iterator[None]:
    """A process that is started meanwhile keeps a request to stop until it can hear it (`hear`)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear(stop: Callable[[], None]) -> None:
    """In the run's own process: from now on a request to stop calls `stop`; one that came before calls it at once."""
    for number in ASKS:
        signal.signal(number, lambda *_: stop())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKS)


def going(folder: RunFolder) -> bool:
    """Whether the run's process lives; also in its first moment, before it has taken and written its journal."""
    if being_written(folder.journal):
        return True
    if _unwritten(folder.journal):
        return _starting(folder)
    return being_written(folder.journal)  # it may have begun between the two looks


def _unwritten(journal: Path) -> bool:
    try:
        return journal.stat().st_size == 0
    except OSError:
        return True


def _starting(folder: RunFolder) -> bool:
    pid = _pid(folder)
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
        # where it can be seen, see that the number was not given to another process since
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        # a process has no words yet in the moment of its making, and none any more once it has ended
        return str(folder.path).encode() in words if words else not _ended(pid)
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except OSError:
        return False


def _ended(pid: int) -> bool:
    """Whether it only waits for somebody to take note of its end."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def _pid(folder: RunFolder) -> int | None:
    try:
        return int(folder.pid_file.read_text())
    except (OSError, ValueError):
        return None


def ask_to_stop(folder: RunFolder, wait: float = 0.0) -> bool:
    """Ask a running run to stop at the next safe point; True once it has (within `wait` seconds)."""
    if not going(folder):
        return True
    pid = _pid(folder)
    if pid is not None:
        # that it ends this very moment is what is wanted
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + wait
    while going(folder):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
