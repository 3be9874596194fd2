"""`bundle receipt`: the chain of custody."""

import argparse
import json
import sys
import time


def receipt(args: argparse.Namespace) -> int:
    """Verify and print the chain; with a key, add a link first."""
    from wizard.bundle.archive.anywhere import located
    from wizard.bundle.custody import add_link, chain_file, read_chain
    from wizard.cli.bundle_signing import opened, private_key

    with opened(args) as bundle:
        digest, policy = bundle.bom.digest, bundle.policy
    path = chain_file(located(args.file))
    links = read_chain(path, digest, policy, time.time())  # nobody signs a chain that is broken already
    if args.key is not None:
        add_link(path, digest, args.action, args.note, private_key(args))
        links = read_chain(path, digest, policy, time.time())
    if args.output == "json":
        rows = [
            {
                "action": link.action,
                "at": link.at,
                "host": link.host,
                "by": link.by.authority,
                "fingerprint": link.by.fingerprint,
                "note": link.note,
                "digest": link.digest,
            }
            for link in links
        ]
        sys.stdout.write(json.dumps({"bundle": digest, "links": rows}, indent=2, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{digest}: {len(links)} links, each joined to the one before\n")
    for link in links:
        note = f"  ({link.note})" if link.note else ""
        sys.stdout.write(
            f"{link.at}  {link.action:11} by {link.by.authority} {link.by.fingerprint[:23]}… on {link.host}{note}\n"
        )
    return 0
