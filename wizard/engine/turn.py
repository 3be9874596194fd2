"""One run at a time on one site: two would remove each other's experiments as what a killed run left behind."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from wizard.answers.model import Answers
from wizard.engine.folder import Options, state_home
from wizard.engine.problems import Problem, Remedy


def site_of(options: Options, answers: Answers) -> str:
    """What a run acts on, as far as the answers tell: the simulated site, or the release in its cluster."""
    if options.rehearse:
        return f"rehearsal {options.rehearse}"
    cluster = answers.cluster
    where = cluster.kubeconfig.resolve() if cluster.kubeconfig else "in-cluster"
    return f"{where} {cluster.context} {cluster.namespace}/{cluster.release}"


@contextmanager
def turn(site: str, run: str) -> Iterator[None]:
    """Hold the site for a run, until it ends or its process dies. Raises Problem `site-is-busy` (exit 2).

    Runs of other machines, or with another state folder, are not seen.
    """
    path = state_home() / "sites" / hashlib.sha256(site.encode()).hexdigest()[:16]
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        # a state folder that cannot be written (--run-dir leads elsewhere) has no other run in it
        yield
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _busy(os.pread(fd, 200, 0).decode(errors="replace").strip()) from None
        with suppress(OSError):  # where there is no room for the name: it is only shown
            os.ftruncate(fd, 0)
            os.pwrite(fd, run.encode(), 0)
        yield
    finally:
        os.close(fd)


def _busy(other: str) -> Problem:
    return Problem(
        "site-is-busy",
        f"the run {other} acts on this site now",
        detail="two runs at a time would take away what the other one tries there",
        remedies=(
            Remedy("watch it", f"airgap-wizard attach {other}"),
            Remedy("or stop it", f"airgap-wizard stop {other}"),
        ),
        exit_code=2,
    )
