"""`bundle create`: the journey `stage` under a name of its own."""

import argparse


def create(args: argparse.Namespace) -> int:
    """The same as `run` of the journey `stage` with media.bundle set."""
    from wizard.cli import run as run_command

    args.journey = "stage"
    args.sets.append("journey=stage")
    if args.output is not None:
        args.sets.append(f"media.bundle={args.output}")
    if args.key is not None:
        args.sets.append(f"media.key={args.key}")
    if args.base is not None:
        args.sets.append(f"media.base={args.base}")
    return run_command.run(args)
