"""`support-bundle`: one file that somebody far away can read; redacted before it is written, sent nowhere."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from wizard.cli import subject


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "support-bundle",
        help="a redacted file for whoever helps from afar",
        description="Gather what is known of a run and of its site into one file: bounded in time and size, without "
        "secrets. What could not be got is named in it. Nothing is sent anywhere.",
    )
    subject.arguments(p)
    p.add_argument(
        "--output", "-o", type=Path, metavar="F", help="the file to write (default: support-NAME.tar)"
    )
    p.add_argument("--preview", action="store_true", help="show what would leave the site, and write nothing")
    p.add_argument("--show", metavar="MEMBER", help="with --preview: this file, as it would leave")
    p.add_argument("--pseudonyms", action="store_true", help="replace host names and addresses, consistently")
    p.add_argument("--format", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Gather, then write or show. Raises Problem `support-bundle-not-written`, `nothing-to-look-at`."""
    from wizard.support import preview
    from wizard.support.write import write

    bundle = subject.gathered(args, pseudonyms=args.pseudonyms)
    if args.preview or args.show:
        if args.show:
            return _show(bundle, args.show)
        if args.format == "json":
            sys.stdout.write(json.dumps(bundle.manifest.to_json(), indent=2, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write("\n".join(preview.lines(bundle)) + "\n")
        return 0
    path = args.output or Path(f"support-{bundle.manifest.run or bundle.manifest.release or 'site'}.tar")
    size = write(bundle, path)
    if args.format == "json":
        said = {"path": str(path.absolute()), "bytes": size, "manifest": bundle.manifest.to_json()}
        sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
        return 0
    sys.stderr.write("\n".join(preview.lines(bundle)) + "\n\n")
    sys.stdout.write(f"{path}\n")
    sys.stderr.write(f"read it: airgap-wizard diagnose --bundle {path}\n")
    return 0


def _show(bundle: Any, member: str) -> int:
    """One member's text."""
    from wizard.engine.problems import Problem, Remedy

    if member not in bundle.files:
        raise Problem(
            "bundle-member-unknown",
            f"there is no {member!r} in it",
            remedies=(Remedy("see what there is", "airgap-wizard support-bundle --preview"),),
            exit_code=2,
        )
    sys.stdout.write(bundle.files[member].decode("utf-8", "replace") + "\n")
    return 0
