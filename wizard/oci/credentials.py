"""Credentials for registries, found where docker keeps them: config.json and its credential helpers."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.engine.secrets import Secret
from wizard.oci import problems
from wizard.oci.reference import DOCKER_HUB
from wizard.oci.sites import Site

_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a registry is shown. At most one of `password`, `identity` (an OAuth refresh token), `token` is set."""

    username: str = ""
    password: Secret | None = None
    identity: Secret | None = None
    token: Secret | None = None

    @property
    def basic(self) -> str:
        """The value of an `Authorization: Basic` header, or ""."""
        if self.password is None:
            return ""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        header = base64.b64encode(pair).decode()
        Secret(header)  # teaches the redaction filter this form too
        return f"Basic {header}"


def for_site(site: Site, environ: Mapping[str, str]) -> Credentials | None:
    """The credentials of a site: its own, else what docker's configuration has for it; None = anonymous.

    Raises Problem `docker-config-invalid` or `credential-helper-failed`.
    """
    if site.anonymous:
        return None
    if site.password is not None:
        return Credentials(site.username, site.password)
    path = _config(environ)
    if path is None:
        return None
    return from_docker_config(path, site.host, environ)


def _config(environ: Mapping[str, str]) -> Path | None:
    candidates = []
    if folder := environ.get("DOCKER_CONFIG"):
        candidates = [Path(folder) / "config.json"]
    else:
        home = Path(environ.get("HOME") or Path.home())
        candidates = [home / ".docker" / "config.json"]
        if runtime := environ.get("XDG_RUNTIME_DIR"):
            candidates.append(Path(runtime) / "containers" / "auth.json")
        candidates.append(home / ".config" / "containers" / "auth.json")
    if file := environ.get("REGISTRY_AUTH_FILE"):
        candidates.insert(0, Path(file))
    return next((path for path in candidates if path.is_file()), None)


def from_docker_config(path: Path, host: str, environ: Mapping[str, str]) -> Credentials | None:
    """What one config.json has for a host: helper of the host, entry in `auths`, then the general store."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise problems.docker_config(path, str(error)) from None
    if not isinstance(data, dict):
        raise problems.docker_config(path, "it is no JSON object")
    keys = _keys(host)
    helpers = data.get("credHelpers") or {}
    for key in keys:
        if isinstance(helpers, dict) and isinstance(helpers.get(key), str):
            return _ask(helpers[key], key, environ)
    auths = data.get("auths", {})
    if not isinstance(auths, dict):
        raise problems.docker_config(path, "`auths` is no object")
    for written, entry in auths.items():
        if _bare(written) in {_bare(key) for key in keys} and isinstance(entry, dict):
            found = _entry(entry, path, written)
            if found is not None:
                return found
    store = data.get("credsStore")
    if isinstance(store, str) and store:
        return _ask(store, keys[0], environ)
    return None


def _keys(host: str) -> list[str]:
    return [_HUB_KEY, "docker.io", "index.docker.io"] if host == DOCKER_HUB else [host]


def _bare(key: str) -> str:
    key = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return key.removesuffix("/v2").removesuffix("/v1")


def _entry(entry: Mapping[str, Any], path: Path, host: str) -> Credentials | None:
    username = str(entry.get("username") or "")
    password = str(entry.get("password") or "")
    if auth := entry.get("auth"):
        try:
            pair = base64.b64decode(str(auth), validate=True).decode().rstrip("\0")
        except (binascii.Error, UnicodeDecodeError):
            raise problems.docker_config(
                path, f"the `auth` of {host} is no base64 of user:password"
            ) from None
        username, _, password = pair.partition(":")
        Secret(str(auth))
    if identity := entry.get("identitytoken"):
        return Credentials(username, identity=Secret(str(identity)))
    if token := entry.get("registrytoken"):
        return Credentials(username, token=Secret(str(token)))
    return Credentials(username, Secret(password)) if username or password else None


def _ask(helper: str, key: str, environ: Mapping[str, str]) -> Credentials | None:
    if "/" in helper or not helper:
        raise problems.credential_helper(
            key, helper, "its name is a path, which docker does not allow either"
        )
    import subprocess

    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=key.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            env=dict(environ),
            check=False,
        )
    except FileNotFoundError:
        raise problems.credential_helper(key, helper, "it is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise problems.credential_helper(key, helper, str(error)) from None
    out = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        # the protocol's words for "I have nothing for this host": then it is anonymous, as with docker
        if "credentials not found" in out.lower():
            return None
        why = " ".join((out + " " + done.stderr.decode("utf-8", "replace")).split())
        raise problems.credential_helper(key, helper, why[:300] or f"exit code {done.returncode}")
    try:
        found = json.loads(out)
        username, secret = found["Username"], found["Secret"]
        if not isinstance(username, str) or not isinstance(secret, str):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise problems.credential_helper(
            key, helper, "it did not print JSON with Username and Secret"
        ) from None
    if username == "<token>":
        return Credentials("", identity=Secret(secret))
    return Credentials(username, Secret(secret))
