"""`bundle …`: make, sign, verify, show, compare, split, join, load, serve and hand over signed bundles."""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

_MODULES = {
    "create": "bundle_making",
    "sign": "bundle_signing",
    "verify": "bundle_signing",
    "show": "bundle_showing",
    "diff": "bundle_showing",
    "split": "bundle_volumes",
    "join": "bundle_volumes",
    "push": "bundle_loading",
    "serve": "bundle_loading",
    "receipt": "bundle_custody",
}


def add(subparsers: Any) -> None:
    """Register the parsers."""
    parser = subparsers.add_parser(
        "bundle",
        help="make, sign, verify, split and load signed bundles",
        description="The signed bundle: one file that crosses the gap. FILE is a .airgap file, the .volumes index of"
        " a split one, or a folder with one of them in it. Nothing of it is used before its signatures are accepted.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="bundle_command", metavar="COMMAND", required=True)
    _create(commands)
    _sign(commands)
    _verify(commands)
    _show(commands)
    _split(commands)
    _push(commands)
    _receipt(commands)


def _command(commands: Any, name: str, what: str, description: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=description or what[0].upper() + what[1:] + ".", allow_abbrev=False
    )
    return parser


def _create(commands: Any) -> None:
    from wizard.cli import run as run_command

    p = _command(
        commands,
        "create",
        "make a bundle from answers, or from a small file that says what is in it",
        "Collect, check and write the bundle that the answers describe (the journey `stage`): images, models, chart,"
        " tools, any file. `airgap-wizard answers example --journey stage --brief` writes a small file to begin with."
        " What was collected before is not collected again.",
    )
    run_command.arguments(p)
    p.add_argument(
        "--output", type=Path, metavar="F", help="the bundle (default: media.bundle of the answers)"
    )
    p.add_argument(
        "--key", type=Path, metavar="K", help="private key that signs it (default: media.key of the answers)"
    )
    p.add_argument("--base", type=Path, metavar="RECEIPT", help="only what the target of this receipt lacks")


def _sign(commands: Any) -> None:
    p = _command(
        commands,
        "sign",
        "sign a bundle, or sign it again",
        "Add a signature, instead of an earlier one by the same key. The payload is neither read nor rewritten.",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    p.add_argument(
        "--key", type=Path, required=True, metavar="K", help="private key; with --signature the public one"
    )
    _password(p)
    p.add_argument("--authority", default="", metavar="NAME", help="for whom, as a hint for people")
    p.add_argument(
        "--certificate", type=Path, metavar="PEM", help="the signer's certificate, then its issuers"
    )
    p.add_argument(
        "--signature", type=Path, metavar="F", help="add this one, made by `cosign sign-blob` over the BOM"
    )
    p.add_argument("--dry-run", action="store_true", help="tell what would be signed, change nothing")


def _verify(commands: Any) -> None:
    p = _command(
        commands,
        "verify",
        "verify signatures, structure and every byte",
        "Verify a bundle. Exit 0, or 3 where it is refused.",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    trust(p)
    _media(p)
    p.add_argument("--quick", action="store_true", help="signatures and structure alone: no content is read")
    _output(p)
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _show(commands: Any) -> None:
    p = _command(commands, "show", "list what a bundle carries", "List what is in a bundle.")
    p.add_argument("file", type=Path, metavar="FILE")
    _maybe_trusted(p)
    p.add_argument(
        "--output",
        "--format",
        dest="form",
        choices=("plain", "json", "cyclonedx", "bom", "signature"),
        default="plain",
        help="plain lines, JSON, CycloneDX 1.6, the exact signed bytes, or a signature in base64 (for cosign)",
    )
    p.add_argument("--authority", default="", metavar="NAME", help="with --output signature: whose")
    p = _command(commands, "diff", "what changed between two bundles")
    p.add_argument("old", type=Path, metavar="OLD")
    p.add_argument("new", type=Path, metavar="NEW")
    _maybe_trusted(p)
    _output(p)


def _split(commands: Any) -> None:
    p = _command(
        commands,
        "split",
        "cut a bundle into volumes for small media",
        "Write DIR/NAME.volumes (a signed index) and DIR/NAME.v000 (the head), for every medium, and NAME.v001, … .",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    p.add_argument(
        "--size", required=True, metavar="SIZE", help="4GB, 700MiB, …; `fat32` = the most FAT32 takes"
    )
    p.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder for the volumes")
    p.add_argument("--key", type=Path, required=True, metavar="K", help="private key that signs the index")
    _password(p)
    p.add_argument("--authority", default="", metavar="NAME", help="for whom, as a hint for people")
    p.add_argument(
        "--certificate", type=Path, metavar="PEM", help="the signer's certificate, then its issuers"
    )
    p.add_argument("--dry-run", action="store_true", help="tell what would be written, write nothing")
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")
    p = _command(commands, "join", "put volumes together into one file (loading needs no joining)")
    p.add_argument("file", type=Path, metavar="FILE", help="the .volumes index")
    p.add_argument("--output", type=Path, required=True, metavar="F", help="the bundle")
    trust(p)
    _media(p)
    p.add_argument("--dry-run", action="store_true", help="tell what would be written, write nothing")
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _push(commands: Any) -> None:
    from wizard.cli.mirror import connection

    p = _command(
        commands,
        "push",
        "load a bundle into a registry",
        "Verify a bundle and load what the registry lacks, straight from the file or its volumes; read it back; sign"
        " a receipt.",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    p.add_argument("--to", required=True, metavar="REGISTRY", help="HOST[:PORT] of the registry")
    trust(p)
    _media(p)
    connection(p)
    p.add_argument("--key", type=Path, metavar="K", help="private key that signs the receipt")
    _password(p)
    p.add_argument(
        "--receipts", type=Path, metavar="DIR", help="where receipts are kept (default: the state folder)"
    )
    p.add_argument("--dry-run", action="store_true", help="verify, and tell what would be sent")
    _output(p)
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")
    p = _command(
        commands,
        "serve",
        "serve a bundle as a read-only registry",
        "The same as `registry serve --bundle FILE`.",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    p.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:5000", help="port 0 = any free one")
    trust(p)
    p.add_argument(
        "--media", type=Path, action="append", default=[], metavar="DIR", help="look for volumes here too"
    )


def _receipt(commands: Any) -> None:
    p = _command(
        commands,
        "receipt",
        "the chain of custody: print and verify it, or add a hand-over",
        "Without --key: verify FILE.custody and print it. With --key: add a signed link to it.",
    )
    p.add_argument("file", type=Path, metavar="FILE")
    trust(p)
    p.add_argument("--key", type=Path, metavar="K", help="sign a new link with this key")
    _password(p)
    p.add_argument("--action", choices=("made", "handed-over", "received", "loaded"), default="received")
    p.add_argument("--note", default="", metavar="TEXT", help="from whom, to whom, on what")
    _output(p)


def trust(p: argparse.ArgumentParser) -> None:
    """The trust policy: without one nothing is opened (S2.16)."""
    p.add_argument("--trust", type=Path, metavar="POLICY", help="the trust policy (needed)")


def _maybe_trusted(p: argparse.ArgumentParser) -> None:
    how = p.add_mutually_exclusive_group()
    how.add_argument("--trust", type=Path, metavar="POLICY", help="show it once it is accepted")
    how.add_argument("--unverified", action="store_true", help="show what it claims, believed by nobody")


def _media(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--media", type=Path, action="append", default=[], metavar="DIR", help="look for volumes here too"
    )
    p.add_argument("--wait", action="store_true", help="wait for the medium with a missing volume")


def _password(p: argparse.ArgumentParser) -> None:
    from wizard.cli.keys import password

    password(p)


def _output(p: argparse.ArgumentParser) -> None:
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Run the subcommand's module. Raises Problem."""
    module = import_module(f"wizard.cli.{_MODULES[args.bundle_command]}")
    code: int = getattr(module, args.bundle_command)(args)
    return code
