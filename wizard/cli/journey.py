"""Commands that are one part of a journey under a name of their own: `preflight`, `verify`."""

import argparse
from typing import Any

from wizard.cli import run as run_command

# command → (journey, steps)
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "preflight": ("install", ("preflight",)),
    "verify": ("install", ("verify",)),
}
HELP = {
    "preflight": "Look at the site and judge whether an install can hold. Changes nothing that stays.",
    "verify": "Prove an install: health, a real question answered, egress refused, every image as recorded.",
}


def add(subparsers: Any) -> None:
    """Register the parsers."""
    for name in PARTS:
        p = subparsers.add_parser(name, help=HELP[name], description=HELP[name])
        run_command.arguments(p)


def run(args: argparse.Namespace) -> int:
    """The same as `run --only STEP`."""
    journey, steps = PARTS[args.command]
    args.journey = journey
    args.only = list(args.only or steps)
    return run_command.run(args)
