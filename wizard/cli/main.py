"""Dispatch: the first word chooses a module, and only that module is imported.

A command module has `add(subparsers)`, which registers its parser, and `run(args) -> int`, which imports what it
needs. Exit codes: 0 done, 1 a bug of ours, 2 usage or answers, 3 a check failed, 4 warnings under --strict,
5 a step failed, 130 stopped.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from wizard.engine.events import Fault

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "replay an answers file: plan, run, watch"),
    "attach": ("watch", "watch a run again, from any terminal"),
    "runs": ("watch", "list the runs there were"),
    "stop": ("watch", "ask a run to stop at the next safe point"),
    "answers": ("answers", "example, check, schema and explanation of answers"),
    "mirror": ("mirror", "copy images between registries and OCI layouts"),
    "resolve": ("resolve", "which layer serves an image; fails closed"),
    "model": ("model", "list, export, push, pull and load Ollama models"),
    "values": ("values", "write and check values for the chart"),
    "preflight": ("journey", "look at the site, change nothing"),
    "verify": ("journey", "prove an install"),
    "registry": ("registry", "serve a registry"),
    "bundle": ("bundle", "make, sign, verify, split and load signed bundles"),
    "record": ("record", "who signed what was proved about an install, and what it was"),
    "keys": ("keys", "make and show signing keys"),
    "diagnose": ("diagnose", "why it does not work, and what to do"),
    "support-bundle": ("support_bundle", "a redacted file for whoever helps from afar"),
    "explain": ("explain", "what a problem or a check means, offline"),
}

USAGE = """usage: airgap-wizard [--rehearse WORLD]            the wizard, on a terminal
       airgap-wizard --answers-file F [--tui]      replay F headless (or fill the wizard in from it)
       airgap-wizard --bundle F                    browse a support bundle, on a terminal
       airgap-wizard COMMAND …                     one of these; each has --help

{commands}

       airgap-wizard --version | --help

See it work first, on a simulated site:  airgap-wizard run --rehearse healthy
"""


STOPPED = "stopped; run the same command again to go on\n"


def usage() -> str:
    """The help page: no command module is imported for it."""
    width = max(map(len, COMMANDS))
    return USAGE.format(commands="\n".join(f"  {n:{width}}  {text}" for n, (_, text) in COMMANDS.items()))


def dispatch(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    if len(argv) > 1 and argv[0] == "help":
        argv = [*argv[1:], "--help"]
    if argv and argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0
    if argv and argv[0] == "_execute":
        from wizard.cli.execute import execute

        return execute(argv[1])
    if not argv or argv[0].startswith("-"):
        return _guarded("wizard", list(argv))
    if argv[0] not in COMMANDS:
        return _unknown(argv[0])
    return _guarded(COMMANDS[argv[0]][0], list(argv))


def _unknown(word: str) -> int:
    from wizard.answers.checks import nearest

    guess = nearest(word, COMMANDS)
    sys.stderr.write(
        f"airgap-wizard: there is no command {word!r}" + (f"; did you mean {guess}?" if guess else "")
    )
    sys.stderr.write("\nsee: airgap-wizard --help\n")
    return 2


def _guarded(module: str, argv: list[str]) -> int:
    """Import one command module, parse, run; a Problem is told in full, a bug without a traceback of values."""
    from importlib import import_module

    from wizard.cli.parsing import Parser
    from wizard.engine.problems import Problem, Stopped

    command = import_module(f"wizard.cli.{module}")
    parser = Parser(prog="airgap-wizard")
    if module == "wizard":
        command.arguments(parser)
    else:
        # named: argparse would load a formatter to find its own name out
        command.add(parser.add_subparsers(dest="command", required=True, prog="airgap-wizard"))
    args = parser.parse_args(argv)
    try:
        code: int = command.run(args)
        return code
    except Problem as problem:
        from wizard.reports.plain import problem_lines

        sys.stderr.write("\n".join(problem_lines(_typed(args, problem.fault))) + "\n")
        return problem.exit_code
    except (Stopped, KeyboardInterrupt):
        sys.stderr.write(STOPPED)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone: that is no error of ours, and nothing more can be told to them
        sys.stdout = None
        return 0
    except Exception as error:
        from wizard.engine.run import bug
        from wizard.reports.plain import problem_lines

        sys.stderr.write("\n".join(problem_lines(bug(error))) + "\n")
        return 1


def _typed(args: "Namespace", fault: "Fault") -> "Fault":
    """A problem whose commands name the answers file of this very command line."""
    file = getattr(args, "answers_file", None)
    if file is None:
        return fault
    from wizard.cli.run import said
    from wizard.engine.commands import Commands

    return Commands(file.absolute(), said(args), getattr(args, "rehearse", "")).fault(fault)
