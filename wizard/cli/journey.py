"""Commands that are one part of a journey under a name of their own: `preflight`, `verify`."""

import argparse
from typing import Any

from wizard.cli import run as run_command

# command → (journey, steps)
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    # what is seen from inside the cluster is seen with the probe's image: it comes first, and is all that stays
    "preflight": ("install", ("mirror-probe", "preflight")),
    "verify": ("install", ("verify",)),
}
HELP = {
    "preflight": "Look at the site and judge whether an install can hold. Carries the probe's one small image into the registry first; "
    "nothing else stays. With --only preflight not even that, and what needs it is unknown then.",
    "verify": "Prove an install: health, a real question answered, egress refused, every image as recorded.",
}


def add(subparsers: Any) -> None:
    """Register the parsers."""
    for name in PARTS:
        p = subparsers.add_parser(name, help=HELP[name], description=HELP[name])
        run_command.arguments(p)
        if name == "preflight":
            p.add_argument(
                "--check", action="append", default=[], metavar="ID", help="only this check (repeatable)"
            )


def run(args: argparse.Namespace) -> int:
    """The same as `run --only STEP …`."""
    journey, steps = PARTS[args.command]
    args.journey = journey
    args.only = list(args.only or steps)
    _known(getattr(args, "check", []))
    return run_command.run(args)


def _known(checks: list[str]) -> None:
    """Raises Problem `check-unknown` (exit 2)."""
    if not checks:
        return
    from wizard.answers.checks import nearest
    from wizard.checks.base import Moment
    from wizard.checks.registry import at
    from wizard.engine.problems import Problem, Remedy

    known = [check.id for check in at(Moment.BEFORE)]
    for name in checks:
        if name not in known:
            guess = nearest(name, known)
            raise Problem(
                "check-unknown",
                f"before an install there is no check {name!r}"
                + (f"; did you mean {guess}?" if guess else ""),
                detail="its checks: " + ", ".join(known),
                remedies=(Remedy("read what each of them means", "airgap-wizard explain"),),
                exit_code=2,
            )
