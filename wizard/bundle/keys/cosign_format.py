"""cosign's encrypted private key file: PEM around JSON around scrypt and NaCl's secretbox, PKCS#8 DER inside.

Source: sigstore's `encrypted` package; parameters as cosign 2 and 3 write them.
"""

import base64
import binascii
import json
import os
from typing import Any

LABELS = ("ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY")
_N, _R, _P = 65536, 8, 1
_MOST_N = 1 << 20  # scrypt takes 128 * N * r bytes of memory: 1 GiB at this N


class Unreadable(ValueError):
    """The file is not of this form; the message says why."""


class WrongPassword(ValueError):
    """The box does not open."""


def is_encrypted(pem: bytes) -> bool:
    """True for a file of this form."""
    return any(f"BEGIN {label}".encode() in pem for label in LABELS)


def decrypt(pem: bytes, password: bytes) -> bytes:
    """The PKCS#8 DER. Raises Unreadable, WrongPassword."""
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    data = _document(pem)
    try:
        kdf, cipher = data["kdf"], data["cipher"]
        n, r, p = (int(kdf["params"][name]) for name in ("N", "r", "p"))
        salt, nonce, box = (
            base64.b64decode(text, validate=True)
            for text in (kdf["salt"], cipher["nonce"], data["ciphertext"])
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise Unreadable(f"its JSON lacks what it must have ({error})") from None
    if kdf.get("name") != "scrypt" or cipher.get("name") != "nacl/secretbox":
        raise Unreadable(
            f"it is made with {kdf.get('name')!r} and {cipher.get('name')!r}, not scrypt and nacl/secretbox"
        )
    if (
        not 2 <= n <= _MOST_N
        or n & (n - 1)
        or r != _R
        or not 1 <= p <= 8
        or len(nonce) != SecretBox.NONCE_SIZE
    ):
        raise Unreadable("its scrypt parameters or its nonce are not those of a key")
    try:
        return bytes(SecretBox(_derive(password, salt, n, r, p)).decrypt(box, nonce))
    except CryptoError:
        raise WrongPassword from None


def encrypt(der: bytes, password: bytes) -> bytes:
    """The file for a PKCS#8 DER."""
    from nacl.secret import SecretBox

    salt, nonce = os.urandom(32), os.urandom(SecretBox.NONCE_SIZE)
    box = SecretBox(_derive(password, salt, _N, _R, _P)).encrypt(der, nonce).ciphertext
    document = {
        "kdf": {"name": "scrypt", "params": {"N": _N, "r": _R, "p": _P}, "salt": _text(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": _text(nonce)},
        "ciphertext": _text(box),
    }
    body = _text(json.dumps(document, separators=(",", ":")).encode())
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {LABELS[0]}-----\n{lines}\n-----END {LABELS[0]}-----\n".encode()


def _derive(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(password)


def _document(pem: bytes) -> dict[str, Any]:
    parts = pem.split(b"-----")
    try:
        data = json.loads(base64.b64decode(b"".join(parts[2].split()), validate=True))
    except (IndexError, ValueError, RecursionError) as error:
        raise Unreadable(f"its PEM does not hold JSON ({error})") from None
    if not isinstance(data, dict):
        raise Unreadable("its PEM does not hold a JSON object")
    return data


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
