"""`bundle sign` and `bundle verify`."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.bundle.archive.opening import Bundle
    from wizard.bundle.keys.private import PrivateKey
    from wizard.bundle.trust.policy import Policy
    from wizard.bundle.trust.verdict import Accepted
    from wizard.bundle.volumes.media import Ask
    from wizard.engine.stop import Stop

Sayer = Callable[[str], None]


def sign(args: argparse.Namespace) -> int:
    """Add a signature to the head."""
    from wizard.bundle import problems, signatures
    from wizard.bundle.archive.claimed import claimed
    from wizard.bundle.archive.writer import rewrite_signatures
    from wizard.bundle.keys.public import PublicKey, read_small

    head, shape = claimed(args.file)
    bom = shape.bom
    chain = certificates(args.certificate)
    if args.signature is not None:
        public = PublicKey.read(args.key)
        try:
            text = read_small(args.signature).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise problems.key_unusable(args.signature, str(error)) from None
        if not public.fits(text, head.bom):
            raise problems.signature_wrong(str(args.file), f"{args.signature}, {public.fingerprint[:23]}…,")
        made = signatures.Signature(public.fingerprint, public.algorithm, text, args.authority, chain)
    else:
        key = private_key(args)
        made = signatures.sign(key, head.bom, args.authority, chain)
    if not args.dry_run:
        rewrite_signatures(args.file, len(head.bom), signatures.added(head.signatures, made))
    word = "would sign" if args.dry_run else "signed"
    sys.stdout.write(f"{bom.digest}\n")
    sys.stderr.write(
        f"{word} {bom.title}, {len(bom.items)} items, with {made.fingerprint} ({made.algorithm})\n"
    )
    return 0


def private_key(args: argparse.Namespace) -> "PrivateKey":
    """The key of --key and --password. Raises Problem `key-unusable`, `key-password-wrong`."""
    from wizard.bundle.keys.private import PrivateKey
    from wizard.cli.keys import secret

    return PrivateKey.read(args.key, secret(args.password, f"password of {args.key}"))


def certificates(path: Path | None) -> tuple[str, ...]:
    """The PEM certificates of a file, the signer's first. Raises Problem `key-unusable`."""
    from wizard.bundle import problems
    from wizard.bundle.keys.certificates import Untrusted, load_all
    from wizard.bundle.keys.public import read_small

    if path is None:
        return ()
    try:
        from cryptography.hazmat.primitives.serialization import Encoding

        found = tuple(c.public_bytes(Encoding.PEM).decode() for c in load_all(read_small(path)))
    except (OSError, Untrusted) as error:
        raise problems.key_unusable(path, str(error)) from None
    if not found:
        raise problems.key_unusable(path, "there is no certificate in it")
    return found


def verify(args: argparse.Namespace) -> int:
    """Signatures, structure, and (unless --quick) every byte."""
    from wizard.bundle.archive.reading import verify_all
    from wizard.cli.mirror import obeying_signals
    from wizard.cli.talk import Talk
    from wizard.engine.events import Move
    from wizard.engine.stop import Stop
    from wizard.oci.progress import Progress

    stop = Stop()
    count = 0
    with (
        Talk(sys.stderr, quiet=args.quiet) as talk,
        obeying_signals(stop),
        opened(args, stop, talk.say) as bundle,
    ):
        tell_accepted(bundle.accepted, talk.say)
        if not args.quick:
            progress = Progress(
                talk, bundle.bom.title, total=bundle.bom.payload, stop=stop, target=bundle.name
            )
            count = verify_all(bundle, progress)
            progress.end(Move.VERIFIED)
        keep(bundle)
    row = {
        "bundle": str(args.file),
        "digest": bundle.bom.digest,
        "name": bundle.bom.name,
        "version": bundle.bom.version,
        "items": len(bundle.bom.items),
        "bytesVerified": count,
        "accepted": accepted_rows(bundle.accepted),
    }
    if args.output == "json":
        sys.stdout.write(json.dumps(row, indent=2, ensure_ascii=False) + "\n")
    else:
        done = "signatures and structure" if args.quick else f"all {count} bytes"
        sys.stdout.write(f"{bundle.bom.title} {bundle.bom.digest}: {done} verified\n")
    return 0


def policy_of(args: argparse.Namespace) -> "Policy":
    """The trust policy: asked for before a byte of a bundle is read (S2.16)."""
    from wizard.bundle.trust.policy import read_policy

    return read_policy(args.trust)


def opened(
    args: argparse.Namespace,
    stop: "Stop | None" = None,
    say: Sayer = lambda _: None,
    path: Path | None = None,
) -> "Bundle":
    """The accepted bundle of FILE (or `path`), --trust, --media and --wait: the one way a command opens one."""
    from wizard.bundle.archive.anywhere import open_anywhere

    ask = asking(args, stop, say) if stop is not None else None
    return open_anywhere(path or args.file, policy_of(args), media=getattr(args, "media", ()), ask=ask)


def asking(args: argparse.Namespace, stop: "Stop", say: Sayer) -> "Ask | None":
    """What to do about a missing volume: wait for it, or (None) say it and end."""
    from wizard.bundle.volumes.media import waiting

    return waiting(say, stop.wait) if getattr(args, "wait", False) else None


def tell_accepted(accepted: "Sequence[Accepted]", say: Sayer) -> None:
    """The fingerprints, for the log (S2.19)."""
    for one in accepted:
        say(f"accepted signature: {one}")


def accepted_rows(accepted: "Sequence[Accepted]") -> list[dict[str, str]]:
    """The same as JSON."""
    from wizard.bundle.keys.certificates import utc

    return [
        {
            "authority": one.authority,
            "fingerprint": one.fingerprint,
            "algorithm": one.algorithm,
            "subject": one.subject,
            "until": utc(one.until),
        }
        for one in accepted
    ]


def keep(bundle: "Bundle") -> None:
    """Note the acceptance for an auditor (S2.19)."""
    from wizard.bundle.trust.audit import record

    record(f"bundle {bundle.bom.title}", bundle.bom.digest, bundle.policy.digest, bundle.accepted)
