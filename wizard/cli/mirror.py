"""`mirror SRC=DST…`: copy images between registries and OCI layouts, digests preserved (S1.20, S1.22)."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.engine.problems import Problem
    from wizard.engine.stop import Stop
    from wizard.oci.copy import Copied, Job
    from wizard.oci.places import Place
    from wizard.oci.sites import Sites

_WHERE = """SRC and DST are image references (HOST/NAME:TAG, HOST/NAME@sha256:…) or layout:DIR[:TAG], an OCI image
layout in a folder. A DST without a tag gets the source's. The doubly isolated path is two commands:

  airgap-wizard mirror ghcr.io/a/b:1=layout:/media/stick:b-1          on the connected side
  airgap-wizard mirror layout:/media/stick:b-1=registry.example/b:1   inside
"""


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "mirror",
        help="copy images between registries and OCI layouts",
        description="Copy images with all their platforms, byte for byte; prints DST@DIGEST of each.",
        epilog=_WHERE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    p.add_argument("pairs", nargs="+", metavar="SRC=DST", help="what to copy, and where to")
    connection(p)
    p.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="P",
        help="only this one, os/arch[/variant]; repeatable",
    )
    p.add_argument("--referrers", action="store_true", help="carry signatures, attestations and SBOMs along")
    p.add_argument("--dry-run", action="store_true", help="tell what would be copied, change nothing")
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")
    p.add_argument("--quiet", action="store_true", help="no progress on stderr")


def connection(p: argparse.ArgumentParser) -> None:
    """The flags that say how registries are reached; `model` has the same."""
    p.add_argument(
        "--plain-http",
        action="store_true",
        help="the destination (for a layout: the source) has no TLS at all",
    )
    p.add_argument(
        "--ca-file", type=Path, metavar="F", help="PEM file of a private CA to trust besides the system's"
    )
    p.add_argument("--client-cert", type=Path, metavar="F", help="PEM client certificate (mTLS)")
    p.add_argument("--client-key", type=Path, metavar="F", help="PEM key of the client certificate")
    p.add_argument("--jobs", type=_count, default=8, metavar="N", help="requests at a time (default 8)")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 256")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Copy. Exit codes: 0, 2 usage, 5 where an image did not arrive."""
    from wizard.cli.talk import Talk
    from wizard.engine.folder import state_home
    from wizard.engine.stop import Stop
    from wizard.oci.copy import Copier
    from wizard.oci.places import pair
    from wizard.oci.transport import Transport
    from wizard.oci.uploads import Uploads

    pairs = [pair(text) for text in args.pairs]
    stop = Stop()
    uploads = Uploads(None if args.dry_run else state_home() / "uploads")
    with (
        Transport(_sites(args, pairs), stop=stop, uploads=uploads) as transport,
        Talk(sys.stderr, quiet=args.quiet) as talk,
        obeying_signals(stop),
    ):
        jobs = [source.job(target, transport) for source, target in pairs]
        _one_each(jobs)
        copier = Copier(
            jobs=args.jobs, platforms=args.platform, referrers=args.referrers, report=talk, stop=stop
        )
        results = copier.preview(jobs) if args.dry_run else copier.copy_all(jobs)
    return _tell(args, jobs, results)


def _sites(args: argparse.Namespace, pairs: "list[tuple[Place, Place]]") -> "Sites":
    from wizard.oci.sites import Site, Sites

    named = {}
    for source, target in pairs:
        for place in (source, target):
            if place.reference is None:
                continue
            host = place.reference.registry
            # --plain-http and the client certificate are for the registry inside, never for a public source
            inside = place is target or target.reference is None or place.loopback
            base = Sites().site(host).base
            if inside and args.plain_http:
                base = base.replace("https://", "http://", 1)
            cert = args.client_cert if inside else None
            site = Site(host, base, args.ca_file, cert, args.client_key if inside else None)
            if host not in named or inside:
                named[host] = site
    return Sites(named)


def _one_each(jobs: "list[Job]") -> None:
    """Two images under one name: the last to arrive would win, which nobody can have meant."""
    from wizard.engine.problems import Problem, Remedy

    titles: dict[str, str] = {}
    for job in jobs:
        other = titles.setdefault(job.destination, job.title)
        if other != job.title:
            raise Problem(
                "reference-invalid",
                f"{other} and {job.title} cannot both become {job.destination}",
                remedies=(Remedy("give each SRC a DST of its own: another name or another tag"),),
                exit_code=2,
            )


@contextmanager
def obeying_signals(stop: "Stop") -> Iterator[None]:
    """Ctrl-C and the like ask for a stop at the next safe point; a second Ctrl-C does not wait for it."""
    import signal

    kept = {}

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        kept[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for known, handler in kept.items():
            signal.signal(known, handler)


def _tell(args: argparse.Namespace, jobs: "list[Job]", results: "list[Copied | Problem]") -> int:
    from wizard.engine.problems import Problem

    failed = [(job, result) for job, result in zip(jobs, results, strict=True) if isinstance(result, Problem)]
    if args.output == "json":
        rows = [_row(job, result, dry=args.dry_run) for job, result in zip(jobs, results, strict=True)]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        for job, result in zip(jobs, results, strict=True):
            if not isinstance(result, Problem):
                sys.stdout.write(f"{job.destination}@{result.digest}\n")
    if failed:
        from wizard.reports.plain import problem_lines

        for job, problem in failed:
            sys.stderr.write(f"{job.title} did not arrive\n")
            sys.stderr.write("\n".join(problem_lines(problem.fault)) + "\n")
        return max(problem.exit_code for _, problem in failed)
    return 0


def _row(job: "Job", result: "Copied | Problem", *, dry: bool) -> dict[str, object]:
    from wizard.engine.problems import Problem

    row: dict[str, object] = {"source": job.title, "target": job.destination}
    if isinstance(result, Problem):
        return {**row, "error": {"code": result.code, "title": result.title, "detail": result.detail}}
    return {
        **row,
        "digest": result.digest,
        "mediaType": result.media_type,
        "platforms": list(result.platforms),
        "bytesToSend" if dry else "bytesSent": result.sent,
        "bytesPresent": result.present,
        "changed": result.changed,
    }
