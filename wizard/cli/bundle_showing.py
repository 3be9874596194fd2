"""`bundle show` and `bundle diff`."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.reports.units import short, size

if TYPE_CHECKING:
    from wizard.bundle.bom import Bom
    from wizard.bundle.signatures import Signature


def show(args: argparse.Namespace) -> int:
    """What a bundle carries."""
    from wizard.bundle.bom_json import to_json
    from wizard.bundle.cyclonedx import cyclonedx

    bom, signatures, accepted = _read(args, args.file)
    if args.form == "bom":
        sys.stdout.flush()
        sys.stdout.buffer.write(bom.body)
    elif args.form == "signature":
        sys.stdout.write(_signature(args, signatures) + "\n")
    elif args.form == "cyclonedx":
        sys.stdout.write(json.dumps(cyclonedx(bom), indent=2, ensure_ascii=False) + "\n")
    elif args.form == "json":
        row = {"digest": bom.digest, "accepted": accepted, "signatures": [s.fingerprint for s in signatures]}
        sys.stdout.write(json.dumps(row | {"bom": to_json(bom)}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(bom, signatures)) + "\n")
    return 0


def _read(args: argparse.Namespace, path: Path) -> "tuple[Bom, tuple[Signature, ...], list[dict[str, str]]]":
    from wizard.bundle import problems
    from wizard.bundle.archive.anywhere import located
    from wizard.bundle.archive.claimed import claimed
    from wizard.cli.bundle_signing import accepted_rows, opened

    if not args.unverified:
        with opened(args, path=path) as bundle:
            return bundle.bom, bundle.head.signatures, accepted_rows(bundle.accepted)
    path = located(path)
    if path.suffix == ".volumes":
        raise problems.no_trust("it is split, and shown once its index is accepted", path)
    head, shape = claimed(path)
    sys.stderr.write(f"NOT VERIFIED: this is what {path} claims of itself; nothing of it was judged\n")
    return shape.bom, head.signatures, []


def _signature(args: argparse.Namespace, signatures: "tuple[Signature, ...]") -> str:
    from wizard.bundle import problems

    found = [s for s in signatures if not args.authority or s.authority == args.authority]
    if not found:
        raise problems.unsigned(f"{args.file}" + (f" ({args.authority})" if args.authority else ""))
    return found[0].signature


def _lines(bom: "Bom", signatures: "tuple[Signature, ...]") -> list[str]:
    lines = [
        f"{bom.title}  {bom.digest}",
        f"made by {bom.made_by}; {len(bom.items)} items, {len(bom.entries)} entries, {size(bom.payload)}",
    ]
    if bom.base is not None:
        lines.append(
            f"delta on {bom.base.last.name} {bom.base.last.version}: {len(bom.absent)} blobs are left out"
        )
    lines += [f"signed by {s.fingerprint} {s.algorithm} {s.authority}".rstrip() for s in signatures]
    fixes = bom.chart.get("fixes") or []
    lines += [f"chart fix {f.get('id')}: {f.get('reason')}" for f in fixes if isinstance(f, dict)]
    exceptions = bom.sweep.get("exceptions") or []
    lines += [
        f"not carried, with a reason: {e.get('reference')}: {e.get('reason')}"
        for e in exceptions
        if isinstance(e, dict)
    ]
    for item in bom.items:
        platforms = f"  [{', '.join(item.platforms)}]" if item.platforms else ""
        licence = f"  {item.licence}" if item.licence else ""
        lines.append(
            f"{item.kind:9} {item.source}  {short(item.digest)}  {size(item.total)}{platforms}{licence}"
        )
    return lines


def diff(args: argparse.Namespace) -> int:
    """What changed. Exit 0 whether or not anything did."""
    from wizard.bundle.diff import difference

    old, _, _ = _read(args, args.old)
    new, _, _ = _read(args, args.new)
    found = difference(old, new)
    if args.output == "json":
        rows = [
            {"how": c.how, "kind": c.kind, "source": c.source, "before": c.before, "after": c.after}
            for c in found.changes
        ]
        row = {"old": old.digest, "new": new.digest, "changes": rows, "bytesNew": found.new_bytes}
        sys.stdout.write(
            json.dumps(row | {"bytesKept": found.kept_bytes}, indent=2, ensure_ascii=False) + "\n"
        )
        return 0
    for change in found.changes:
        way = " -> ".join(short(d) for d in (change.before, change.after) if d)
        sys.stdout.write(f"{change.how:8} {change.kind:9} {change.source}  {way}\n")
    sys.stdout.write(f"{size(found.new_bytes)} new, {size(found.kept_bytes)} in both\n")
    return 0
