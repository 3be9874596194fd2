"""`registry`: the registry inside the perimeter."""

from dataclasses import dataclass
from pathlib import Path

from wizard.answers.checks import day, dns_subdomain, internal_host, repository_prefix, user_name
from wizard.answers.declare import ask
from wizard.engine.secrets import SecretRef

_SITE = ("install", "verify", "upgrade", "rollback", "rotate", "gc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Internal registry: where the images and the model live inside the perimeter."""

    host: str = ask(
        "Host",
        why="every image reference in the cluster will begin with it",
        example="registry.internal.example",
        default="",
        check=internal_host,
        needed=_SITE,
        seed="S1.2",
    )
    prefix: str = ask(
        "Repository prefix",
        why="images go to HOST/PREFIX/NAME",
        example="opencost-ai",
        default="opencost-ai",
        check=repository_prefix,
        seed="S1.21",
    )
    username: str = ask(
        "User name",
        why="for pushing, and in the pull secret; empty = what docker's config.json has for this host",
        example="airgap",
        default="",
        check=user_name,
    )
    password: SecretRef | None = ask(
        "Password",
        why="a reference, never the password itself",
        example="env:REGISTRY_PASSWORD",
        default=None,
    )
    ca_file: Path | None = ask(
        "CA certificate",
        why="PEM file of the private CA that signed the registry's certificate",
        example=Path("/etc/ssl/site-ca.pem"),
        default=None,
        seed="S1.12",
    )
    client_cert: Path | None = ask(
        "Client certificate",
        why="PEM file, where the registry asks for one (mTLS)",
        example=Path("/etc/ssl/client.pem"),
        default=None,
        seed="S1.12",
    )
    client_key: Path | None = ask(
        "Client key",
        why="PEM file of the client certificate's private key",
        example=Path("/etc/ssl/client.key"),
        default=None,
        seed="S1.12",
    )
    plain_http: bool = ask(
        "Plain HTTP",
        why="no TLS at all; refused for any host but loopback unless plainHttpUntil says until when",
        example=False,
        default=False,
        seed="S1.23",
    )
    plain_http_until: str = ask(
        "Plain HTTP until",
        why="the last day (YYYY-MM-DD) on which plain HTTP to this host is accepted",
        example="2027-01-31",
        default="",
        check=day,
        seed="S5.13",
    )
    pull_secret: str = ask(
        "Pull secret",
        why="name of the Secret that the pods pull with; it is made in the namespace from the credentials above",
        example="internal-registry",
        default="internal-registry",
        check=dns_subdomain,
        seed="S1.29",
    )
