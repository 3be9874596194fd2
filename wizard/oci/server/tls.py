"""TLS for the server: a certificate and a key from files."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheroot.ssl import Adapter

from wizard.engine.problems import Problem, Remedy


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the certificate (with its chain, leaf first) and its key."""

    cert: Path
    key: Path


def context(files: Tls) -> ssl.SSLContext:
    """A server context. Raises Problem `tls-files-unusable`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    try:
        made.load_cert_chain(files.cert, files.key, password=lambda: b"")
    except (OSError, ValueError) as error:
        # ssl.SSLError is an OSError; it says KEY_VALUES_MISMATCH, PEM lib, and so on.
        reason = str(error)
        if "KEY_VALUES_MISMATCH" in reason:
            reason = "the key does not belong to the certificate"
        elif isinstance(error, FileNotFoundError):
            missing = [str(path) for path in (files.cert, files.key) if not path.exists()]
            reason = f"not found: {', '.join(missing)}"
        raise Problem(
            "tls-files-unusable",
            f"the certificate {files.cert} and key {files.key} cannot be used",
            detail=reason,
            remedies=(
                Remedy(
                    "Look at what the certificate is", f"openssl x509 -in {files.cert} -noout -subject -dates"
                ),
                Remedy("Give a PEM certificate, leaf first, and its unencrypted PEM key"),
            ),
            exit_code=2,
        ) from error
    return made


class LazyHandshake(Adapter):
    """Leaves the handshake to the thread that reads the request: in the accepting thread (where cheroot's own
    adapter does it) one silent client would keep everybody waiting."""

    def __init__(self, made: ssl.SSLContext) -> None:
        super().__init__("", "")
        self.context = made

    def bind(self, sock: Any) -> Any:
        """The listening socket stays plain."""
        return sock

    def wrap(self, sock: Any) -> tuple[Any, dict[str, str]]:
        """TLS over an accepted socket, handshake on first use."""
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}

    def get_environ(self) -> dict[str, str]:
        """WSGI only."""
        return {}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Connections make their own files."""
        return None
