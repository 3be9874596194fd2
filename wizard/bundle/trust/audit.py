"""Which key was accepted for what, when: one line of JSON each, kept for an auditor (S2.19)."""

import fcntl
import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from wizard.bundle.trust.verdict import Accepted
from wizard.engine.folder import state_home
from wizard.oci.files import write_problem

NAME = "accepted.jsonl"


def audit_file() -> Path:
    """Where the lines are."""
    return state_home() / NAME


def record(
    what: str, digest: str, policy: str, accepted: Sequence[Accepted], now: float | None = None
) -> None:
    """Add a line. Raises Problem `disk-full`, `folder-not-writable`: what is not on record is not accepted."""
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() if now is None else now)),
        "host": platform.node(),
        "user": os.geteuid(),
        "what": what,
        "digest": digest,
        "policy": policy,
        "accepted": [
            {"authority": one.authority, "fingerprint": one.fingerprint, "subject": one.subject}
            for one in accepted
        ],
    }
    path = audit_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_problem(error, path) from None


def recorded(digest: str, policy: str) -> bool:
    """Whether this document was accepted under this very policy before."""
    try:
        lines = audit_file().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and (found.get("digest"), found.get("policy")) == (digest, policy):
            return True
    return False
