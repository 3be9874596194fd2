"""No command: the wizard on a terminal, or the headless replay of `--answers-file`."""

import argparse
import os
import shlex
import sys
from pathlib import Path


def arguments(p: argparse.ArgumentParser) -> None:
    """Flags of the bare command."""
    p.add_argument(
        "--answers-file", type=Path, metavar="F", help="replay F headless (with --tui: fill the wizard in)"
    )
    p.add_argument("--tui", action="store_true", help="open the wizard even with --answers-file")
    p.add_argument("--rehearse", default="", metavar="WORLD", help="act on a simulated site")
    p.add_argument(
        "--bundle", type=Path, metavar="F", help="open the wizard on a support bundle and browse it"
    )
    p.add_argument(
        "--theme",
        choices=("dark", "light", "16", "none"),
        default="",
        help="colours (default: as the terminal has)",
    )
    p.add_argument(
        "--ascii", action="store_true", help="draw with ASCII alone (default: as the terminal has)"
    )


def run(args: argparse.Namespace) -> int:
    """Choose the front end. Raises Problem `no-terminal` (exit 2) where nothing can be drawn."""
    if args.answers_file and not args.tui and not args.bundle:
        from wizard.cli import run as headless

        p = argparse.ArgumentParser()
        headless.arguments(p)
        p.set_defaults(journey="")
        argv = ["--answers-file", str(args.answers_file)]
        return headless.run(p.parse_args([*argv, "--rehearse", args.rehearse] if args.rehearse else argv))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _no_terminal(args, "the wizard needs a terminal, and standard input or output is none")
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        said = os.environ.get("TERM") or "not set"
        raise _no_terminal(
            args, f"this terminal cannot be drawn on (TERM is {said}); the plain lines are its equal"
        )
    return _sit(args)


def _sit(args: argparse.Namespace) -> int:
    """Open the screens. Textual is imported here and nowhere before."""
    from wizard.cli import sitting

    rehearse = args.rehearse
    session = sitting.rehearsal(rehearse, args.answers_file) if rehearse else sitting.real(args.answers_file)
    opened = sitting.opened(args.bundle) if args.bundle else None
    from screens.app import Wizard

    if not sys.stderr.isatty():
        # Textual draws on standard error: where that is redirected, on the terminal that standard output is
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
    app = Wizard(session, now_theme=args.theme, now_glyphs="ascii" if args.ascii else "", opened=opened)
    result = app.run()
    if app.watched is not None and app.watched.going:
        print(f"the run goes on: airgap-wizard attach {app.watched.folder.id}")
    return (app.return_code or 0) if result is None else result


def _no_terminal(args: argparse.Namespace, title: str) -> Exception:
    from wizard.engine.problems import Problem, Remedy

    if args.bundle:
        read = shlex.join(["airgap-wizard", "diagnose", "--bundle", str(args.bundle)])
        return Problem(
            "no-terminal",
            title,
            remedies=(
                Remedy("read the causes without screens", read),
                Remedy("and what happened, in order", f"{read} --timeline"),
            ),
            exit_code=2,
        )
    world = args.rehearse or "healthy"
    return Problem(
        "no-terminal",
        title,
        remedies=(
            Remedy("write an answers file and replay it", "airgap-wizard answers example > answers.yaml"),
            Remedy("replay an answers file without screens", "airgap-wizard --answers-file answers.yaml"),
            Remedy("or rehearse an install", f"airgap-wizard run --rehearse {world}"),
        ),
        exit_code=2,
    )
