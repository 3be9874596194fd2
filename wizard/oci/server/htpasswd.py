"""Basic authentication against an htpasswd file with bcrypt hashes (`htpasswd -B`).

bcrypt is slow on purpose (about 50 ms); a good password is remembered under a keyed hash, so that only the first
request pays. The file is read again when it changes: credentials are rotated without a restart (S1.46).
"""

import base64
import binascii
import hmac
import os
import re
import threading
from pathlib import Path

from wizard.engine.problems import Problem, Remedy
from wizard.oci.server.refusal import Refusal

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")
REALM = "airgap-wizard registry"
_NOBODY = b"$2b$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"


class Htpasswd:
    """The users of a file. Raises Problem `htpasswd-invalid` where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._key = os.urandom(32)
        self._turns = threading.BoundedSemaphore(2)
        self._good: dict[bytes, bytes] = {}
        self._stamp: tuple[int, int, int] = (0, 0, 0)
        self._users: dict[str, bytes] = {}
        self._load()

    def admit(self, header: bytes) -> str:
        """The user of an Authorization header. Raises Refusal UNAUTHORIZED."""
        user, password = _basic(header)
        if user is None or password is None or not self._right(user, password):
            raise Refusal(
                "UNAUTHORIZED",
                "a user name and password of this registry are needed",
                headers={"WWW-Authenticate": f'Basic realm="{REALM}"'},
            )
        return user

    def _right(self, user: str, password: bytes) -> bool:
        import bcrypt

        self._reload()
        users = self._users
        stored = users.get(user)
        name = user.encode()
        proof = hmac.digest(
            self._key, len(name).to_bytes(4, "big") + name + (stored or b"") + password, "sha256"
        )
        if stored is not None and self._good.get(name) == proof:
            return True
        # Somebody who does not exist takes as long as somebody who does.
        # Guessing may keep two cores busy at most.
        with self._turns:
            matches = bcrypt.checkpw(password[:72], stored if stored is not None else _NOBODY)
        if not matches or stored is None:
            return False
        with self._lock:
            self._good[name] = proof
        return True

    def _reload(self) -> None:
        try:
            found = self._path.stat()
        except OSError:
            return
        if (found.st_mtime_ns, found.st_size, found.st_ino) != self._stamp:
            with self._lock:
                try:
                    self._load()
                except Problem:
                    # A half-written file: the users of before stay until it is whole.
                    return

    def _load(self) -> None:
        try:
            found = self._path.stat()
            text = self._path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise _invalid(self._path, f"it cannot be read: {error}") from error
        users: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            user, colon, stored = line.strip().partition(":")
            if not user or not colon:
                raise _invalid(self._path, f"line {number} is not USER:HASH")
            if not _BCRYPT.fullmatch(stored):
                raise _invalid(
                    self._path, f"line {number}: the hash of {user!r} is not bcrypt (of cost 4 to 16)"
                )
            users[user] = b"$2b$" + stored[4:].encode()
        if not users:
            raise _invalid(self._path, "there is no user in it")
        self._users, self._stamp = users, (found.st_mtime_ns, found.st_size, found.st_ino)
        self._good = {}


def _basic(header: bytes) -> tuple[str | None, bytes | None]:
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None, None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else (None, None)
    except (binascii.Error, UnicodeDecodeError):
        return None, None


def _invalid(path: Path, reason: str) -> Problem:
    return Problem(
        "htpasswd-invalid",
        f"the htpasswd file {path} cannot be used",
        detail=reason,
        remedies=(Remedy("Make it with bcrypt hashes", f"htpasswd -B -c {path} USER"),),
        exit_code=2,
    )
