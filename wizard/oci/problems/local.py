"""What is wrong on this machine: disks, folders, docker's configuration, certificate files."""

from pathlib import Path

from wizard.engine.problems import Problem, Remedy
from wizard.oci.problems.making import make, misnamed


def tls_file(error: Exception, what: str, path: object) -> Problem:
    """A CA, client certificate or key file that cannot be used."""
    return misnamed(
        "registry-tls-file",
        f"the {what} {path} cannot be used",
        str(error) or type(error).__name__,
        "it must be a readable PEM file; a key must belong to its certificate and have no passphrase",
        file=str(path),
    )


def credential_helper(host: str, helper: str, why: str) -> Problem:
    """A docker credential helper that failed."""
    return make(
        "credential-helper-failed",
        f"the credential helper docker-credential-{helper} failed for {host}",
        why,
        Remedy("try it by hand", f"echo {host} | docker-credential-{helper} get"),
        "or log in without a helper, into a config.json of its own: export DOCKER_CONFIG=DIR",
        host=host,
        helper=helper,
    )


def docker_config(path: object, why: str) -> Problem:
    """A config.json that cannot be read."""
    return make(
        "docker-config-invalid",
        f"docker's configuration {path} cannot be used",
        why,
        "mend or remove the file; `docker login HOST` writes it anew",
        file=str(path),
    )


def disk_full(path: object, needed: int, free: int) -> Problem:
    """No room. Sizes in bytes."""
    there = Path(str(path))
    while not there.exists() and there != there.parent:  # df knows nothing of a file that was not written
        there = there.parent
    return make(
        "disk-full",
        f"there is no room for {path}",
        f"{needed / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free",
        Remedy("free space on that file system, or use another folder", f"df -h {there}"),
        "then run the same command again: what is there is not moved twice",
        file=str(path),
        needed=needed,
        free=free,
    )


def folder_unwritable(path: object, error: OSError) -> Problem:
    """A folder or file that cannot be written."""
    return make(
        "folder-not-writable",
        f"{path} cannot be written",
        str(error),
        "check its owner and mode, and that the file system is not mounted read-only",
        file=str(path),
    )
