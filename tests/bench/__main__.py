"""`python -m tests.bench [--only NAME]… [--size GiB] [--rounds N]`: print docs/performance.md's tables.

`--whole` is what is measured on a quiet machine in a quarter of an hour: everything but the slow links, then the embedded
registry beside the others (a quarter of the size), start-up included.
"""

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

from tests.bench import registry, transport
from tests.bench.measure import run, table
from tests.real.tools import find

VERSIONS = {
    "oras": "version",
    "crane": "version",
    "regctl": "version",
    "skopeo": "--version",
    "docker-registry": "--version",
}


def main() -> int:
    """Measure what was asked for; tables go to stdout, talk to stderr."""
    p = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    p.add_argument("--only", action="append", default=[], help="a discipline's name, or the beginning of it")
    p.add_argument("--without", action="append", default=[], help="leave a tool out, by its name's beginning")
    p.add_argument("--whole", action="store_true", help="see above; without skopeo, which is never the best")
    p.add_argument("--size", type=float, default=2.0, help="GiB of the large blob (default 2)")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--small", type=int, default=200, help="images of the round-trip discipline")
    p.add_argument("--folder", type=Path, help="where there is room (default: a temporary folder)")
    p.add_argument(
        "--storage",
        type=Path,
        help="where registries keep what they have (/dev/shm: their disk is not measured)",
    )
    args = p.parse_args()
    if args.whole:
        args.only += ["push", "cold", "pull", "copy", "again"]
        args.without.append("skopeo")
    with transport.ground(args.size, args.folder, args.storage) as ground:
        found = dict(transport.disciplines(ground, args.small))
        sys.stdout.write(header())
        for name, make in found.items():
            if not args.only or any(name.startswith(only) for only in args.only):
                made = make()
                made.contestants = [
                    c for c in made.contestants if not any(c.name.startswith(w) for w in args.without)
                ]
                sys.stdout.write(table(run(made, args.rounds, ground.folder)) + "\n")
                sys.stdout.flush()
    if args.whole:
        sys.stdout.write("### the embedded registry\n\n")
        sys.stdout.flush()
        where = args.storage or args.folder
        folder_option = ["--folder", str(where)] if where else []
        registry.main(
            ["--size", str(int(args.size * 256)), "--rounds", str(args.rounds), "--whole", *folder_option]
        )
    sys.stdout.write(f"Load average at the end: {os.getloadavg()[0]:.1f}.\n")
    return 0


def header() -> str:
    """Machine, versions, date, load: a figure without them means little."""
    lines = [
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {os.cpu_count()} cores, Python {platform.python_version()}."
    ]
    said = []
    for name, flag in VERSIONS.items():
        if path := find(name):
            text = subprocess.run([str(path), flag], capture_output=True, text=True, check=False).stdout
            numbers = [
                w.strip(",") for w in text.split() if w[:1].isdigit() or (w[:1] == "v" and w[1:2].isdigit())
            ]
            said.append(f"{name} {numbers[0] if numbers else '?'}")
    lines.append(f"Tools: {', '.join(said)}.")
    lines.append(f"Load average while measuring: {os.getloadavg()[0]:.1f}.")
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    sys.exit(main())
