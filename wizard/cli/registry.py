"""airgap-wizard registry: an OCI registry to run where there is none."""

import argparse
import contextlib
import ipaddress
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.problems import Problem, Remedy

if TYPE_CHECKING:
    from wizard.bundle.archive.serving import BundleStorage
    from wizard.oci.server import RegistryServer


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declare `registry` and its subcommands."""
    parser = subparsers.add_parser(
        "registry", help="run an OCI registry", description="An OCI registry (distribution-spec 1.1)."
    )
    commands = parser.add_subparsers(dest="registry_command", metavar="COMMAND", required=True)
    serve = commands.add_parser(
        "serve",
        help="serve a registry from a folder or a bundle",
        description="Serve a registry from a folder, or a signed bundle read-only, until SIGTERM or SIGINT. The first line on stdout says where it"
        " listens; the access log goes to stderr.",
    )
    serve.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:5000",
        help="port 0 = any free one (default: %(default)s)",
    )
    source = serve.add_mutually_exclusive_group(required=True)
    source.add_argument("--storage", metavar="DIR", type=Path, help="the folder; made if it is not there")
    source.add_argument(
        "--bundle",
        metavar="F",
        type=Path,
        help="serve a signed bundle where it lies, read-only; needs --trust",
    )
    serve.add_argument("--trust", metavar="POLICY", type=Path, help="with --bundle: the trust policy")
    serve.add_argument(
        "--media",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="with --bundle: look for volumes here too",
    )
    serve.add_argument("--tls-cert", metavar="F", type=Path, help="PEM certificate, leaf first")
    serve.add_argument("--tls-key", metavar="F", type=Path, help="its PEM key")
    serve.add_argument(
        "--htpasswd", metavar="F", type=Path, help="users, made with htpasswd -B; read again on change"
    )
    serve.add_argument("--read-only", action="store_true", help="refuse every push and delete")
    serve.add_argument(
        "--log", choices=("plain", "jsonl", "none"), default="plain", help="access log on stderr"
    )
    serve.add_argument("--dry-run", action="store_true", help="check everything, change and serve nothing")


def run(args: argparse.Namespace) -> int:
    """Run the subcommand; the exit code. Raises Problem."""
    return _serve(args)


def _serve(args: argparse.Namespace) -> int:
    from wizard.oci.server import RegistryServer, Tls
    from wizard.oci.server.printing import Printer

    host, port = _address(args.listen)
    if (args.tls_cert is None) != (args.tls_key is None):
        raise Problem(
            "tls-files-unusable",
            "--tls-cert and --tls-key belong together",
            detail="only one of them was given",
            remedies=(Remedy("Give both, or neither for plain HTTP"),),
            exit_code=2,
        )
    tls = Tls(args.tls_cert, args.tls_key) if args.tls_cert else None
    with (
        Printer(sys.stderr, as_json=args.log == "jsonl") as printer,
        contextlib.ExitStack() as open_files,
    ):
        server = RegistryServer(
            args.storage,
            host=host,
            port=port,
            tls=tls,
            htpasswd=args.htpasswd,
            read_only=args.read_only or args.bundle is not None,
            storage=_bundle(args, open_files) if args.bundle is not None else None,
            log=None if args.log == "none" else printer,
            dry_run=args.dry_run,
        )
        stopping = threading.Event()
        if not args.dry_run:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopping.set())
        with server:
            _announce(server, args)
            if not args.dry_run:
                stopping.wait()
    return 0


def _bundle(args: argparse.Namespace, open_files: contextlib.ExitStack) -> "BundleStorage":
    """The accepted bundle as a storage. Raises Problem `trust-missing` where nobody is trusted (S2.16)."""
    from wizard.bundle.archive.serving import BundleStorage
    from wizard.cli.bundle_signing import keep, opened, tell_accepted

    bundle = open_files.enter_context(opened(args, path=args.bundle))
    tell_accepted(bundle.accepted, lambda text: print(text, file=sys.stderr))
    if not args.dry_run:
        keep(bundle)
    return BundleStorage(bundle)


def _announce(server: "RegistryServer", args: argparse.Namespace) -> None:
    """The greppable line (S2.4), and a warning where credentials or content could be read on the way."""
    word = "registry-checked" if args.dry_run else "registry-serving"
    print(
        f"{word} url={server.url} storage={(args.storage or args.bundle).absolute()}"
        f" tls={'yes' if args.tls_cert else 'no'} auth={'htpasswd' if args.htpasswd else 'none'}"
        f" read-only={'yes' if args.read_only or args.bundle else 'no'}",
        flush=True,
    )
    if not args.tls_cert and not _loopback(server.host):
        print(
            f"warning: {server.address} is reachable from other machines over plain HTTP;"
            " give --tls-cert and --tls-key",
            file=sys.stderr,
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(text: str) -> tuple[str, int]:
    """HOST:PORT, [V6]:PORT or :PORT (all addresses). Raises Problem `listen-address-invalid`."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise Problem(
            "listen-address-invalid",
            f"--listen {text!r} is not HOST:PORT",
            detail="expected for example 127.0.0.1:5000, 0.0.0.0:5000 or [::]:5000",
            remedies=(
                Remedy(
                    "Name the address to listen on", "airgap-wizard registry serve --listen 0.0.0.0:5000 …"
                ),
            ),
            exit_code=2,
        )
    return host or "0.0.0.0", int(port)  # noqa: S104  (":5000" asks for all addresses)
