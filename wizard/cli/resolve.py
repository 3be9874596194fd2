"""`resolve REF…`: which layer serves an image; fails closed (S2.22–S2.26)."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.cli.mirror import connection

if TYPE_CHECKING:
    from wizard.oci.resolver import Accept, Served
    from wizard.oci.sites import Sites


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "resolve",
        help="which layer serves an image",
        description="Ask the registry inside, then the fallbacks you name, whose content must be signed; nobody else.",
        allow_abbrev=False,
    )
    p.add_argument("refs", nargs="+", metavar="REF", help="images as they are publicly named")
    p.add_argument(
        "--local",
        required=True,
        metavar="WHERE",
        help="layer 1: HOST/PATH with {name} or {repository} in it, or layout:DIR",
    )
    p.add_argument(
        "--fallback",
        action="append",
        default=[],
        metavar="WHERE",
        help="a further layer, in order; repeatable",
    )
    who = p.add_mutually_exclusive_group()
    who.add_argument(
        "--key", action="append", default=[], type=Path, metavar="F", help="public key accepted for fallbacks"
    )
    who.add_argument(
        "--trust",
        type=Path,
        metavar="POLICY",
        help="the trust policy of bundles, for fallbacks: authorities, dates, revocations",
    )
    connection(p)
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Tell who serves what. Exit codes: 0, 2 usage, 5 where an image is served by nobody."""
    from wizard.engine.events import Event, Said
    from wizard.engine.problems import Problem
    from wizard.oci.reference import Reference
    from wizard.oci.resolver import Resolver
    from wizard.oci.transport import Transport
    from wizard.reports.plain import problem_lines

    def talk(event: Event) -> None:
        if isinstance(event, Said):
            sys.stderr.write(event.text + "\n")

    references = [Reference.parse(text) for text in args.refs]
    rows: list[Served] = []
    failed: list[Problem] = []
    with Transport(_sites(args)) as transport:
        resolver = Resolver(transport, args.local, args.fallback, accept=_accept(args), emit=talk)
        for reference in references:
            try:
                rows.append(resolver.resolve(reference))
            except Problem as problem:
                failed.append(problem)
    if args.output == "json":
        found: list[dict[str, object]] = [_row(row) for row in rows]
        found += [
            {"reference": p.evidence.get("reference"), "error": {"code": p.code, "title": p.title}}
            for p in failed
        ]
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        for row in rows:
            sys.stdout.write(f"{row.reference}\t{row.layer}\t{row.place}@{row.digest}\n")
    for one in failed:
        sys.stderr.write("\n".join(problem_lines(one.fault)) + "\n")
    return max((one.exit_code for one in failed), default=0)


def _accept(args: argparse.Namespace) -> "Accept | None":
    if args.trust is not None:
        from wizard.bundle.trust.images import SignedImages
        from wizard.bundle.trust.policy import read_policy

        return SignedImages(read_policy(args.trust))
    if args.key:
        from wizard.oci.signed import Keys

        return Keys(args.key)
    return None


def _row(served: "Served") -> dict[str, object]:
    return {
        "reference": str(served.reference),
        "layer": served.layer,
        "place": served.place,
        "digest": served.digest,
        "signer": served.signer,
    }


def _sites(args: argparse.Namespace) -> "Sites":
    from wizard.oci.sites import Site, Sites

    named = {}
    for where in (args.local, *args.fallback):
        if where.startswith("layout:"):
            continue
        host = where.partition("/")[0]
        base = f"{'http' if args.plain_http else 'https'}://{host}"
        named[host] = Site(host, base, args.ca_file, args.client_cert, args.client_key)
    return Sites(named)
