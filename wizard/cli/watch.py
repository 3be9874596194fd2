"""`attach`, `runs`, `stop`: looking at runs. Every view reads the journal; none is part of the run."""

import argparse
import json
import os
import signal
import sys
from types import FrameType
from typing import Any

from wizard.cli.run import FORMATS
from wizard.engine.commands import Commands
from wizard.engine.folder import RunFolder, find_run, run_folders
from wizard.engine.journal import Tail
from wizard.engine.launch import ASKS, ask_to_stop, going
from wizard.engine.problems import Problem, Remedy
from wizard.engine.state import RunState, fold


def add(subparsers: Any) -> None:
    """Register the parsers."""
    p = subparsers.add_parser(
        "attach", help="watch a run", description="Watch a run again: any, from any terminal."
    )
    p.add_argument(
        "run", nargs="?", default="", help="its id, the end of its id, or its folder (default: the newest)"
    )
    p.add_argument(
        "--format", choices=FORMATS, default="plain", help="plain lines, rich, or JSON lines (default plain)"
    )
    p = subparsers.add_parser("runs", help="list runs", description="The runs there were, oldest first.")
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")
    p = subparsers.add_parser(
        "stop", help="stop a run", description="Ask a run to stop at the next safe point."
    )
    p.add_argument(
        "run", nargs="?", default="", help="its id, the end of its id, or its folder (default: the newest)"
    )
    p.add_argument(
        "--wait", type=float, default=30.0, metavar="SECONDS", help="how long to wait for it (default 30)"
    )


def run(args: argparse.Namespace) -> int:
    """One of the three."""
    if args.command == "runs":
        return _list(args.output == "json")
    folder = find_run(args.run)
    if args.command == "attach":
        return watch(folder, args.format)
    if not going(folder):
        sys.stdout.write(f"{folder.id} does not run: {status(folder)['status']}\n")
        return 0
    if ask_to_stop(folder, args.wait):
        sys.stdout.write(f"{folder.id} has stopped\n")
        return 0
    raise Problem(
        "run-goes-on",
        f"{folder.id} was asked to stop and still goes on after {args.wait:g} s",
        detail="it stops at the next chunk, or when the tool it waits for ends",
        remedies=(Remedy("watch it", f"airgap-wizard attach {folder.id}"),),
    )


def watch(folder: RunFolder, form: str, asked: "Asked | None" = None) -> int:
    """Show a run to its end and return its exit code.

    With `asked`, this is the command that launched it: an interrupt stops the run, and a second one does not wait for
    that; a hang-up never stops it, and neither does a reader of our output who goes away. A mere watcher's interrupt
    ends the watching alone.
    """
    view = _view(form, folder)
    state = RunState()
    for events in Tail(folder.journal).follow(going=lambda: going(folder)):
        for event in events:
            state.apply(event)
        try:
            view(state, events)
        except BrokenPipeError:
            if asked is None:
                raise
            view = _unread(folder)
        if asked and asked.pass_on():
            sys.stderr.write(f"not waiting for it; watch it: airgap-wizard attach {folder.id}\n")
            return 130
    if state.over:
        return state.exit_code or 0
    raise died(folder)


def _unread(folder: RunFolder) -> Any:
    """Nobody reads our output any more: the run goes on, and its exit code is still ours."""
    sys.stderr.write(
        f"nobody reads this output any more; the run goes on: airgap-wizard attach {folder.id}\n"
    )
    # what the interpreter flushes when it ends has nowhere to go either
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return lambda state, events: None


def died(folder: RunFolder) -> Problem:
    """The run's process is gone and its journal has no end."""
    options = folder.options()
    said = folder.process_log.read_text(errors="replace").strip() if folder.process_log.exists() else ""
    return Problem(
        "run-died",
        f"the run {folder.id} was killed: its journal has no end",
        detail=said[-500:],
        remedies=(
            Remedy(
                "run the same again; what is done is recognised",
                Commands.of(options, folder.answers).again(options),
            ),
        ),
    )


class Asked:
    """Signals to the command that launches a run, which are meant for the run: make it before the launch."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._times = 0
        self._told = False
        for number in ASKS:
            signal.signal(number, self._ask)

    def pass_on(self) -> bool:
        """Ask again what was asked before there was a process; True where somebody does not want to wait for it."""
        if self._times and not self._told:
            self._told = True
            ask_to_stop(self._folder)
        return self._times > 1

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._times += 1
        if self._times == 1:
            sys.stderr.write(
                "\nasking the run to stop at the next safe point (once more: leave it to itself) …\n"
            )
            ask_to_stop(self._folder)


def _view(form: str, folder: RunFolder) -> Any:
    if form == "jsonl":
        from wizard.reports.jsonl import JsonLines

        return JsonLines(sys.stdout)
    if form == "rich":
        from wizard.reports.colour import Colour

        return Colour(folder.path)
    from wizard.reports.plain import Plain

    return Plain(sys.stdout, folder.path)


def status(folder: RunFolder) -> dict[str, Any]:
    """One row of `runs`; a folder that cannot be read is told as such, beside the others."""
    try:
        options = folder.options()
    except Problem:
        options = None
    state = fold(Tail(folder.journal).read(1 << 28))
    word = state.outcome.value if state.outcome else "running" if going(folder) else "died"
    return {
        "run": folder.id,
        "journey": options.journey if options else state.journey,
        "rehearsal": options.rehearse if options else state.rehearsal,
        "status": word if options else "damaged",
        "exitCode": state.exit_code,
        "seconds": round(state.seconds or (state.latest - state.started if state.started else 0.0), 1),
        "folder": str(folder.path),
    }


def _list(as_json: bool) -> int:
    rows = [status(f) for f in run_folders()]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    for row in rows:
        rehearsed = f"  REHEARSAL {row['rehearsal']}" if row["rehearsal"] else ""
        sys.stdout.write(f"{row['run']:40} {row['status']:8} {row['seconds']:8.1f} s{rehearsed}\n")
    if not rows:
        sys.stderr.write("no run yet\n")
    return 0
