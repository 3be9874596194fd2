"""`record`: judge an install record: who signed it, and what was proved."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "record",
        help="who signed what was proved about an install, and what it was",
        description="Judge an install record. FILE is install-record.signed.json of a run folder, or the ConfigMap"
        " RELEASE-airgap-record as `kubectl get configmap -o json` prints it; `-` is standard input. Exit 0, or 3"
        " where it is refused: signed by nobody, by a stranger, or changed since.",
        allow_abbrev=False,
    )
    p.add_argument("file", metavar="FILE")
    p.add_argument(
        "--trust", type=Path, metavar="POLICY", help="the trust policy that names the site's key (needed)"
    )
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Judge and tell. Raises Problem `trust-missing`, `record-invalid`, `record-unsigned`, `bundle-signer-unknown`, …"""
    from wizard.bundle.install_record import read_record
    from wizard.cli.bundle_signing import policy_of

    policy = policy_of(args)
    name = "standard input" if args.file == "-" else args.file
    found = read_record(name, _read(args.file), policy, time.time())
    record = found.record
    if args.output == "json":
        by = [{"authority": one.authority, "fingerprint": one.fingerprint} for one in found.accepted]
        sys.stdout.write(json.dumps({"signedBy": by, "record": record}, indent=2, ensure_ascii=False) + "\n")
        return 0
    rehearsed = f", a REHEARSAL of {record['rehearsal']}" if record.get("rehearsal") else ""
    lines = [
        f"{record.get('release', '?')}: proved {record.get('at', '?')} from {record.get('host', '?')}{rehearsed}"
    ]
    lines += [f"signed by {one}" for one in found.accepted]
    verify = record.get("verify")
    checks = verify.get("checks") if isinstance(verify, dict) else None
    if isinstance(checks, dict):
        grades = Counter(str(grade) for grade in checks.values())
        lines.append("checks: " + ", ".join(f"{count} {grade}" for grade, count in sorted(grades.items())))
        lines += [f"  {grade:8} {check}" for check, grade in checks.items() if grade != "pass"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _read(file: str) -> bytes:
    from wizard.bundle import problems
    from wizard.bundle.envelope import MOST

    if file == "-":
        return sys.stdin.buffer.read(MOST + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MOST + 1)
    except OSError as error:
        raise problems.record_invalid(file, str(error)) from None
