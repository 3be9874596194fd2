"""Sites: how each registry host is reached, and as whom. The one place where a host name becomes an address."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from wizard.engine.secrets import Secret


@dataclass(frozen=True, slots=True)
class Site:
    """One registry host. `base` is where it really answers ("https://registry.internal.example",
    "http://127.0.0.1:5000" in a rehearsal): the host in references stays `host`.

    `username`/`password` empty = ask docker's config.json; `anonymous` = ask nobody.
    """

    host: str
    base: str
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    username: str = ""
    password: Secret | None = None
    anonymous: bool = False
    server_name: str = ""
    """The name to ask for and to find in the certificate, where it differs from the one in `base`."""

    @property
    def plain(self) -> bool:
        """True for plain HTTP."""
        return urlsplit(self.base).scheme == "http"


@dataclass(frozen=True, slots=True)
class Sites:
    """All the hosts that are configured; any other is reached over HTTPS with the system's CAs."""

    known: dict[str, Site] = field(default_factory=dict)

    def site(self, host: str) -> Site:
        """The site of a host; docker.io answers at registry-1.docker.io."""
        if host in self.known:
            return self.known[host]
        return Site(host, "https://" + ("registry-1.docker.io" if host == "docker.io" else host))
