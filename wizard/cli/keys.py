"""`keys generate|show`: the keys that bundles and receipts are signed with, in cosign's own form."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.engine.secrets import Secret


def add(subparsers: Any) -> None:
    """Register the parser."""
    parser = subparsers.add_parser("keys", help="make and show signing keys", allow_abbrev=False)
    commands = parser.add_subparsers(dest="keys_command", metavar="COMMAND", required=True)
    make = commands.add_parser(
        "generate",
        help="make a pair of keys",
        description="Write PREFIX.key (encrypted, for you alone) and PREFIX.pub (for trust policies). cosign reads"
        " both. An existing file is never overwritten.",
        allow_abbrev=False,
    )
    make.add_argument(
        "--output", type=Path, required=True, metavar="PREFIX", help="where, without .key and .pub"
    )
    make.add_argument(
        "--type", choices=("ecdsa-p256", "ed25519"), default="ecdsa-p256", help="default ecdsa-p256"
    )
    password(make)
    make.add_argument("--no-password", action="store_true", help="leave the key open to whoever has the file")
    make.add_argument("--dry-run", action="store_true", help="tell what would be written, write nothing")
    sign = commands.add_parser(
        "sign",
        help="sign a file that travels beside the bundle",
        description="Write FILE.sig, the signature in base64 as `cosign sign-blob` makes it. A target that has nothing"
        " yet checks it with openssl: base64 -d FILE.sig >s; openssl dgst -sha256 -verify K.pub -signature s FILE.",
        allow_abbrev=False,
    )
    sign.add_argument("file", type=Path, metavar="FILE")
    sign.add_argument("--key", type=Path, required=True, metavar="K", help="private key")
    sign.add_argument("--output", type=Path, metavar="SIG", help="default: FILE.sig")
    password(sign)
    show = commands.add_parser(
        "show",
        help="a key's fingerprint",
        description="Tell the fingerprint of a public key, a certificate, or (with its password) a private key.",
        allow_abbrev=False,
    )
    show.add_argument("file", type=Path, metavar="FILE")
    password(show)
    show.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def password(parser: argparse.ArgumentParser) -> None:
    """The flag that says where a key's password is."""
    parser.add_argument(
        "--password",
        metavar="REF",
        default="",
        help="where the key's password is: env:NAME, file:PATH or prompt (default: prompt on a terminal)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the subcommand. Raises Problem."""
    return {"generate": _generate, "sign": _sign, "show": _show}[args.keys_command](args)


def secret(reference: str, what: str, *, twice: bool = False) -> "Secret | None":
    """The password that a reference means; "" = ask where there is a terminal, else none.

    Raises Problem `secret-not-found` (exit 2).
    """
    import getpass

    from wizard.engine.problems import Problem, Remedy
    from wizard.engine.secrets import EXPECTED, SecretRef, resolve

    if not reference and not sys.stdin.isatty():
        return None
    ref = SecretRef.parse(reference or "prompt")
    if ref is None:
        raise Problem(
            "secret-not-found",
            "--password takes a reference, never the password itself",
            detail=f"expected {EXPECTED}",
            remedies=(
                Remedy("put it into a file for you alone, or into the environment", "--password file:PATH"),
            ),
            exit_code=2,
        )

    def ask(name: str) -> str:
        first = getpass.getpass(f"{name}: ")
        if twice and getpass.getpass(f"{name}, again: ") != first:
            raise Problem(
                "secret-not-found",
                "the two passwords differ",
                remedies=(Remedy("type it again"),),
                exit_code=2,
            )
        return first

    return resolve(ref, what, ask if sys.stdin.isatty() else None)


def _generate(args: argparse.Namespace) -> int:
    from wizard.bundle.keys.private import PrivateKey, write_pair
    from wizard.engine.problems import Problem, Remedy

    if args.dry_run:
        sys.stdout.write(f"would write {args.output}.key and {args.output}.pub\n")
        return 0
    word = None if args.no_password else secret(args.password, f"password for {args.output}.key", twice=True)
    if word is None and not args.no_password:
        raise Problem(
            "secret-not-found",
            f"no password for {args.output}.key",
            detail="there is no terminal to ask at, and --password names none",
            remedies=(
                Remedy("name where it is", "--password env:NAME or file:PATH"),
                Remedy("or say that the key is to be kept open", "--no-password"),
            ),
            exit_code=2,
        )
    key = PrivateKey.make(args.type)
    private, public = write_pair(key, args.output, word)
    sys.stdout.write(f"{private}\n{public}\n")
    sys.stderr.write(f"fingerprint {key.public.fingerprint}\n")
    if args.no_password:
        sys.stderr.write(f"warning: {private} is not encrypted; whoever has the file can sign\n")
    return 0


def _sign(args: argparse.Namespace) -> int:
    from wizard.bundle import problems
    from wizard.bundle.keys.private import PrivateKey
    from wizard.oci.files import write_atomic

    key = PrivateKey.read(args.key, secret(args.password, f"password of {args.key}"))
    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise problems.not_found(args.file, str(error)) from None
    output = args.output or args.file.with_name(args.file.name + ".sig")
    write_atomic(output, key.sign(data).encode() + b"\n")
    sys.stdout.write(f"{output}\n")
    sys.stderr.write(f"signed with {key.public.fingerprint}\n")
    return 0


def _show(args: argparse.Namespace) -> int:
    from wizard.bundle.keys.private import PrivateKey
    from wizard.bundle.keys.public import PublicKey, read_small

    try:
        private = b"PRIVATE KEY" in read_small(args.file)
    except OSError:
        private = False  # the reader below says why it cannot be read
    if private:
        key = PrivateKey.read(args.file, secret(args.password, f"password of {args.file}")).public
    else:
        key = PublicKey.read(args.file)
    if args.output == "json":
        row = {"fingerprint": key.fingerprint, "algorithm": key.algorithm, "pem": key.pem}
        sys.stdout.write(json.dumps(row, indent=2) + "\n")
    else:
        sys.stdout.write(f"{key.fingerprint} {key.algorithm}\n{key.pem}")
    return 0
