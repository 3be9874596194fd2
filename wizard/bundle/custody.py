"""The chain of custody: who had the bundle, from whom, when; one signed line for each hand-over, in a file beside it.

Each link names the digest of the one before, so none can be taken out or changed without breaking what follows. The
last one can be cut off: whoever hands over keeps a copy, and the next link says whom it was taken from.
"""

import fcntl
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.bundle import envelope, problems
from wizard.bundle.keys.private import PrivateKey
from wizard.bundle.receipts import now_text
from wizard.bundle.trust.policy import Policy
from wizard.bundle.trust.verdict import Accepted, accept
from wizard.engine.problems import Problem
from wizard.oci.digest import digest_of
from wizard.oci.files import write_problem

KIND = "application/vnd.airgap-wizard.custody.v1+json"
ACTIONS = ("made", "handed-over", "received", "loaded")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Link:
    """One hand-over."""

    action: str
    bom: str
    host: str
    at: str
    note: str
    previous: str
    digest: str
    by: Accepted


def chain_file(bundle: Path) -> Path:
    """FILE.custody."""
    return bundle.with_name(bundle.name + ".custody")


def add_link(path: Path, bom: str, action: str, note: str, key: PrivateKey, authority: str = "") -> str:
    """Append a link, signed; its digest. Raises Problem `custody-broken`, `disk-full`, `folder-not-writable`."""
    sealed = _lines(path)
    value = {
        "action": action,
        "bom": bom,
        "host": platform.node(),
        "at": now_text(),
        "note": note,
        "previous": digest_of(sealed[-1].payload) if sealed else "",
    }
    made = envelope.seal(KIND, value, key, authority)
    line = json.dumps(json.loads(made.to_bytes()), separators=(",", ":"), ensure_ascii=False)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_problem(error, path) from None
    return digest_of(made.payload)


def read_chain(path: Path, bom: str, policy: Policy, now: float) -> list[Link]:
    """Every link, verified: signed by a trusted key, about this bundle, joined to the one before.

    Raises Problem `custody-broken` naming the link.
    """
    links: list[Link] = []
    for number, sealed in enumerate(_lines(path), 1):
        try:
            by = accept(
                f"link {number} of {path}", sealed.signed_bytes, sealed.signatures, policy, now, partial=True
            )
        except Problem as problem:
            raise problems.custody_broken(path, number, f"{problem.title}; {problem.detail}") from None
        try:
            data = sealed.value()
            texts = [data[key] for key in ("action", "bom", "host", "at", "note", "previous")]
            if not all(isinstance(text, str) and text.isprintable() for text in texts):
                raise ValueError("a text in it is none")
        except (envelope.Damaged, KeyError, ValueError) as error:
            raise problems.custody_broken(path, number, str(error)) from None
        action, about, host, at, note, previous = texts
        if about != bom:
            raise problems.custody_broken(path, number, f"it is about another bundle, {about}")
        if previous != (links[-1].digest if links else ""):
            raise problems.custody_broken(
                path, number, "it does not join the one before: a link was taken out"
            )
        links.append(Link(action, about, host, at, note, previous, digest_of(sealed.payload), by[0]))
    return links


def about(path: Path) -> str:
    """The digest of the bundle that the last link says it is about, judged by nobody; "" where there is no chain.

    Raises Problem `custody-broken`.
    """
    sealed = _lines(path)
    try:
        return str(sealed[-1].value()["bom"]) if sealed else ""
    except (envelope.Damaged, KeyError, TypeError) as error:
        raise problems.custody_broken(path, len(sealed), str(error)) from None


def _lines(path: Path) -> Sequence[envelope.Envelope]:
    try:
        with path.open("rb") as file:
            data = file.read(envelope.MOST + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise problems.custody_broken(path, 0, str(error)) from None
    lines = data.splitlines()
    if len(data) > envelope.MOST or len(lines) > _MOST:
        raise problems.custody_broken(path, 0, "it is too long to be a chain of hand-overs")
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(envelope.from_bytes(line, KIND))
        except envelope.Damaged as error:
            raise problems.custody_broken(path, number, str(error)) from None
    return found
