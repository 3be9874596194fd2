"""Real registries on loopback: Debian's docker-registry (2.8), olareg (OCI 1.1 with referrers), and zot (optional).

Each is a context manager that takes an empty folder, e.g.

    with docker_registry(tmp_path, tls=Authority(tmp_path / "ca"), users={"ci": "secret"}) as registry: ...
"""

import ctypes
import ctypes.util
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.real.certs import Authority, KeyPair
from tests.real.process import NotReady, free_port, running
from tests.real.registry import Registry
from tests.real.tools import find, tool


@contextmanager
def docker_registry(
    folder: Path,
    *,
    tls: Authority | None = None,
    server: KeyPair | None = None,
    client: KeyPair | None = None,
    users: Mapping[str, str] | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    extra: Mapping[str, Any] | None = None,
) -> Iterator[Registry]:
    """A docker-registry 2.8; the folder keeps config, log and `storage` (start it again there to go on).

    TLS is the private CA; SERVER a certificate other than its default one; CLIENT asks clients for a
    certificate of the same CA (and is the one `request` shows); USERS are name → password; EXTRA is merged
    into the configuration's top level.
    """
    program = tool("docker-registry")
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}},
        "http": {},
    }
    if users:
        config["auth"] = {"htpasswd": {"realm": "tests", "path": _htpasswd(folder, users)}}
    if tls:
        pair = server or tls.default_server
        config["http"]["tls"] = {"certificate": str(pair.cert), "key": str(pair.key)}
        if client:
            config["http"]["tls"]["clientcas"] = [str(tls.ca_file)]
    config.update(extra or {})

    def argv(number: int) -> list[str | Path]:
        config["http"]["addr"] = f"{host}:{number}"
        (folder / "config.yml").write_text(yaml.safe_dump(config))
        return [program, "serve", folder / "config.yml"]

    with _serving("docker-registry", folder, argv, host, port, tls, client, users) as registry:
        yield registry


@contextmanager
def olareg(
    folder: Path,
    *,
    tls: Authority | None = None,
    server: KeyPair | None = None,
    users: Mapping[str, str] | None = None,
    tokens: bool = False,
    port: int = 0,
    host: str = "127.0.0.1",
    options: tuple[str, ...] = (),
) -> Iterator[Registry]:
    """An olareg; USERS may do everything; with TOKENS they fetch a bearer token instead of basic auth."""
    program = tool("olareg")
    storage = folder / "storage"
    storage.mkdir(exist_ok=True)
    arguments = ["--dir", str(storage), "--api-delete", "--api-blob-delete", *options]
    if tls:
        pair = server or tls.default_server
        arguments += ["--tls-cert", str(pair.cert), "--tls-key", str(pair.key)]
    if users:
        acls = [{"repo": name, "members": ["all"], "access": ["*"]} for name in ("", "*")]
        accounts = {
            "users": {name: {"cred": bcrypt(password)} for name, password in users.items()},
            "groups": {"all": {"members": list(users)}},
            "acls": acls,
        }
        (folder / "users.yaml").write_text(json.dumps(accounts))
        arguments += ["--auth-token-opaque" if tokens else "--auth-basic", str(folder / "users.yaml")]

    def argv(number: int) -> list[str | Path]:
        scheme = "https" if tls else "http"
        realm = ["--external-url", f"{scheme}://{host}:{number}"] if tokens else []
        return [program, "serve", "--addr", host, "--port", str(number), *arguments, *realm]

    with _serving("olareg", folder, argv, host, port, tls, None, users) as registry:
        yield registry


@contextmanager
def zot(
    folder: Path,
    *,
    tls: Authority | None = None,
    server: KeyPair | None = None,
    client: KeyPair | None = None,
    users: Mapping[str, str] | None = None,
    docker: bool = True,
    port: int = 0,
    host: str = "127.0.0.1",
) -> Iterator[Registry]:
    """A zot 2.1 without extensions (OCI 1.1, referrers), which neither shares blobs nor collects garbage here.

    DOCKER lets it take Docker's media types, which zot refuses as it is delivered.
    """
    program = tool("zot")
    http: dict[str, Any] = {"address": host, **({"compat": ["docker2s2"]} if docker else {})}
    config: dict[str, Any] = {
        "distSpecVersion": "1.1.1",
        "storage": {"rootDirectory": str(folder / "storage"), "dedupe": False, "gc": False},
        "http": http,
        "log": {"level": "error"},
    }
    if users:
        http["auth"] = {"htpasswd": {"path": _htpasswd(folder, users)}}
    if tls:
        pair = server or tls.default_server
        http["tls"] = {"cert": str(pair.cert), "key": str(pair.key)}
        if client:
            http["tls"]["cacert"] = str(tls.ca_file)

    def argv(number: int) -> list[str | Path]:
        http["port"] = str(number)
        (folder / "config.json").write_text(json.dumps(config))
        return [program, "serve", folder / "config.json"]

    with _serving("zot", folder, argv, host, port, tls, client, users) as registry:
        yield registry


#: The registries with the referrers API, those that are optional only where they are installed.
REFERRERS: dict[str, Callable[..., AbstractContextManager[Registry]]] = {"olareg": olareg}
if find("zot"):
    REFERRERS["zot"] = zot

#: All of them.
KINDS: dict[str, Callable[..., AbstractContextManager[Registry]]] = {
    "docker-registry": docker_registry,
    **REFERRERS,
}


@contextmanager
def _serving(
    kind: str,
    folder: Path,
    argv: Callable[[int], list[str | Path]],
    host: str,
    port: int,
    tls: Authority | None,
    client: KeyPair | None,
    users: Mapping[str, str] | None,
) -> Iterator[Registry]:
    """Start on PORT, or on a free one, trying again where somebody else was quicker to take it."""
    user, password = next(iter((users or {"": ""}).items()))
    log = folder / f"{kind}.log"
    with ExitStack() as stack:
        for attempts_left in (2, 1, 0):
            number = port or free_port(host)
            registry = Registry(
                kind, f"{host}:{number}", folder / "storage", log, tls, client, user, password
            )
            try:
                stack.enter_context(running(argv(number), log, partial(_answers, registry)))
                break
            except NotReady as problem:
                if port or not attempts_left or "address already in use" not in str(problem):
                    raise
        yield registry


def _answers(registry: Registry) -> bool:
    """Ready says nothing of trust: a certificate made to be refused counts too."""
    context = None
    if registry.authority:
        context = registry.authority.trusting(registry.client)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return registry.request("GET", "/v2/", context=context).status in (200, 401)


def _htpasswd(folder: Path, users: Mapping[str, str]) -> str:
    """Write a file of users; its path."""
    path = folder / "htpasswd"
    path.write_text("".join(f"{user}:{bcrypt(password)}\n" for user, password in users.items()))
    return str(path)


def bcrypt(password: str) -> str:
    """A bcrypt hash as `htpasswd -B` makes it, by the system's crypt library (cost 4: tests should not wait)."""
    library = ctypes.CDLL(ctypes.util.find_library("crypt"))
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    library.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    salt = library.crypt_gensalt(b"$2y$", 4, None, 0)
    hashed: bytes = library.crypt(password.encode(), salt)
    if not hashed.startswith(b"$2y$"):
        raise RuntimeError("the crypt library of this machine makes no bcrypt hashes")
    return hashed.decode()
