"""`bundle push` and `bundle serve`."""

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.bundle.archive.opening import Bundle
    from wizard.bundle.push import Pushed
    from wizard.oci.sites import Sites


def push(args: argparse.Namespace) -> int:
    """Load a bundle into a registry."""
    from wizard.bundle.archive.anywhere import located
    from wizard.bundle.handover import loaded
    from wizard.bundle.push import Pusher
    from wizard.bundle.receipts import Receipts, make_receipt
    from wizard.cli.bundle_signing import keep, opened, private_key, tell_accepted
    from wizard.cli.mirror import obeying_signals
    from wizard.cli.talk import Talk
    from wizard.engine.folder import state_home
    from wizard.engine.problems import Problem
    from wizard.engine.stop import Stop
    from wizard.oci.digest import digest_of
    from wizard.oci.reference import Reference
    from wizard.oci.transport import Transport
    from wizard.oci.uploads import Uploads

    stop = Stop()
    host = Reference.parse(f"{args.to}/x:x").registry
    key = private_key(args) if args.key is not None else None
    receipts = Receipts(host, args.receipts)
    uploads = Uploads(None if args.dry_run else state_home() / "uploads")
    receipt = custody = ""
    with (
        Talk(sys.stderr, quiet=args.quiet) as talk,
        obeying_signals(stop),
        opened(args, stop, talk.say) as bundle,
        Transport(_sites(args, host), stop=stop, uploads=uploads) as transport,
    ):
        tell_accepted(bundle.accepted, talk.say)
        pusher = Pusher(
            bundle,
            host,
            lambda name: transport.repository(Reference.parse(f"{host}/{name}")),
            jobs=args.jobs,
            report=talk,
            stop=stop,
        )
        if args.dry_run:
            return _preview(args, bundle, *pusher.preview())
        keep(bundle)
        pushed = pusher.push(lambda: receipts.lost(bundle.bom))
        if key is not None:
            sealed = make_receipt(bundle.bom, host, pushed, key, receipts.last())
            receipt = str(receipts.keep(sealed))
            note = f"into {host}; receipt {digest_of(sealed.payload)}"
            try:
                custody = str(
                    loaded(
                        located(args.file),
                        bundle.bom.digest,
                        note,
                        key,
                        bundle.policy,
                        time.time(),
                        receipts.folder,
                    )
                )
            except Problem as problem:  # what is loaded is judged by its signatures, never by the chain
                talk.say(f"no link was added to the chain of custody: {problem.title}; {problem.detail}")
    return _tell(args, bundle, pushed, receipt, custody)


def _sites(args: argparse.Namespace, host: str) -> "Sites":
    from wizard.oci.sites import Site, Sites

    base = Sites().site(host).base
    if args.plain_http:
        base = base.replace("https://", "http://", 1)
    return Sites({host: Site(host, base, args.ca_file, args.client_cert, args.client_key)})


def _preview(args: argparse.Namespace, bundle: "Bundle", sent: int, present: int) -> int:
    if args.output == "json":
        row = {"digest": bundle.bom.digest, "bytesToSend": sent, "bytesPresent": present}
        sys.stdout.write(json.dumps(row, indent=2) + "\n")
    else:
        sys.stdout.write(f"would send {sent} bytes of {bundle.bom.title}; {present} are there\n")
    return 0


def _tell(args: argparse.Namespace, bundle: "Bundle", pushed: "Pushed", receipt: str, custody: str) -> int:
    if args.output == "json":
        rows = [
            {
                "kind": one.item.kind,
                "source": one.item.source,
                "target": one.target,
                "digest": one.item.digest,
            }
            for one in pushed.items
        ]
        row = {
            "digest": bundle.bom.digest,
            "items": rows,
            "bytesSent": pushed.sent,
            "bytesPresent": pushed.present,
            "receipt": receipt,
            "custody": custody,
        }
        sys.stdout.write(json.dumps(row, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{one.target}\n" for one in pushed.items))
    if receipt:
        sys.stderr.write(f"receipt: {receipt}\n")
    if custody:
        sys.stderr.write(f"chain of custody: {custody}\n")
    return 0


def serve(args: argparse.Namespace) -> int:
    """Serve a bundle where it lies."""
    from wizard.cli import registry

    args.bundle, args.storage = args.file, None
    args.tls_cert = args.tls_key = args.htpasswd = None
    args.read_only, args.log, args.dry_run = True, "plain", False
    return registry.run(args)
