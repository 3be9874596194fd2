"""One run of Helm: a fixed list of arguments, no shell, output bounded, ended with SIGTERM when asked to stop."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from wizard.engine.problems import Problem, Remedy, Stopped
from wizard.engine.redact import redactor
from wizard.engine.stop import Stop

_POLL = 0.1
_GRACE = 20.0
"""Seconds that Helm is given after SIGTERM to note the end in its release; then it is killed."""
MOST_OUTPUT = 16 * 1024 * 1024
_NOISE = (
    "WARNING: Kubernetes configuration file is ",
    "walk.go",
    'level=WARN msg="unable to find exact version',
)


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended; `words` is what it said on stderr, without its noise."""

    code: int
    output: str
    words: str


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    seconds: float,
    stop: Stop | None = None,
    keep: Sequence[int] = (),
) -> Done:
    """Run it to its end. `seconds` is a last bound beyond Helm's own --timeout. `keep` are descriptors to inherit.

    Raises Problem `helm-not-found`, `helm-hung`, and Stopped once Helm has ended after a stop.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                pass_fds=tuple(keep),
            )  # fmt: skip
        except OSError as error:
            raise not_found(argv[0], str(error)) from None
        stopped = hung = False
        left = seconds
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL)
                    break
                left -= _POLL
                if stop is not None and stop.asked:
                    stopped = True
                    break
                if left <= 0:
                    hung = True
                    break
        finally:
            if process.poll() is None:
                _end(process)
        if stopped:
            raise Stopped
        done = Done(process.returncode, _text(out), _quiet(_text(err)))
    if hung:
        raise Problem(
            "helm-hung",
            f"helm {argv[1]} did not end within {seconds:.0f} s and was ended",
            detail=done.words,
            remedies=(Remedy("see whether the API server answers", "kubectl get --raw /readyz"),),
        )
    return done


def not_found(program: str, why: str) -> Problem:
    """`helm-not-found`."""
    return Problem(
        "helm-not-found",
        f"{program} cannot be started",
        detail=why,
        remedies=(
            Remedy("put Helm 3.16 or later, or Helm 4, on the PATH", "helm version"),
            Remedy("or name its file", "export AIRGAP_WIZARD_HELM=/path/to/helm"),
        ),
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to Helm and what it started; SIGKILL where that does not help."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return redactor.text(file.read(MOST_OUTPUT).decode("utf-8", errors="replace"))


def _quiet(words: str) -> str:
    lines = words.splitlines()
    return "\n".join(line for line in lines if line.strip() and not any(noise in line for noise in _NOISE))
