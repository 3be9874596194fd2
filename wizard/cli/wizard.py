"""No command: the wizard on a terminal, or the headless replay of `--answers-file`."""

import argparse
from pathlib import Path


def arguments(p: argparse.ArgumentParser) -> None:
    """Flags of the bare command."""
    p.add_argument(
        "--answers-file", type=Path, metavar="F", help="replay F headless (with --tui: fill the wizard in)"
    )
    p.add_argument("--tui", action="store_true", help="open the wizard even with --answers-file")
    p.add_argument("--rehearse", default="", metavar="WORLD", help="act on a simulated site")


def run(args: argparse.Namespace) -> int:
    """Choose the front end."""
    if args.answers_file and not args.tui:
        from wizard.cli import run as headless

        p = argparse.ArgumentParser()
        headless.arguments(p)
        p.set_defaults(journey="")
        argv = ["--answers-file", str(args.answers_file)]
        return headless.run(p.parse_args([*argv, "--rehearse", args.rehearse] if args.rehearse else argv))
    return _no_terminal(args)


def _no_terminal(args: argparse.Namespace) -> int:
    from wizard.engine.problems import Problem, Remedy

    world = args.rehearse or "healthy"
    raise Problem(
        "no-terminal",
        "the wizard needs a terminal, and standard input or output is none",
        remedies=(
            Remedy("replay an answers file without one", "airgap-wizard --answers-file answers.yaml"),
            Remedy("or rehearse an install", f"airgap-wizard run --rehearse {world}"),
        ),
        exit_code=2,
    )
