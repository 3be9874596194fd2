"""`run`: plan, launch in a session of its own, and watch; the headless way that automation uses."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

FORMATS = ("plain", "rich", "jsonl")


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "run",
        help="replay an answers file",
        description="Replay an answers file. What is done already is recognised: to run again is to resume.",
    )
    arguments(p)
    p.add_argument(
        "--media",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="look for volumes of the bundle here too (media.volumes)",
    )
    p.add_argument(
        "--wait", action="store_true", help="wait for the medium with a missing volume (media.wait)"
    )
    p.set_defaults(journey="")


def arguments(p: argparse.ArgumentParser) -> None:
    """Flags that `run` shares with the journeys that have a command of their own."""
    p.add_argument(
        "--answers-file", "-f", type=Path, metavar="F", help="the answers (in a rehearsal: the world's)"
    )
    p.add_argument("--set", action="append", default=[], metavar="K=V", dest="sets", help="change one answer")
    p.add_argument("--only", action="append", default=[], metavar="STEP", help="only this step (repeatable)")
    p.add_argument("--from", default="", metavar="STEP", dest="start", help="begin with this step")
    p.add_argument("--until", default="", metavar="STEP", help="end with this step")
    p.add_argument("--dry-run", action="store_true", help="show what each step would do, and do nothing")
    p.add_argument("--rehearse", default="", metavar="WORLD", help="act on a simulated site")
    p.add_argument(
        "--format", choices=FORMATS, default="plain", help="plain lines, rich, or JSON lines (default plain)"
    )
    p.add_argument("--detach", action="store_true", help="start the run and leave it to itself")
    p.add_argument("--strict", action="store_true", help="exit 4 where there are warnings or unknowns")
    p.add_argument(
        "--run-dir", type=Path, metavar="D", help="the run folder (default: a new one in the state folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Launch and watch. Returns the run's exit code."""
    from wizard.engine.folder import Options, make_run_folder
    from wizard.engine.launch import launch

    args.rehearse = site(args.rehearse)
    args.sets += _media(args)
    answers, text = read_answers(args)
    options = Options(
        journey=args.journey or answers.journey,
        only=tuple(args.only),
        start=args.start,
        until=args.until,
        dry=args.dry_run,
        rehearse=args.rehearse,
        strict=args.strict,
        said=said(args),
        checks=tuple(getattr(args, "check", ())),
    )
    check_plan(options)
    prompted = ask_prompts(answers)
    folder = make_run_folder(options, text, args.run_dir.absolute() if args.run_dir else None)
    if args.detach:
        launch(folder, prompted)
        sys.stdout.write(f"{folder.path}\n")
        sys.stderr.write(f"watch it: airgap-wizard attach {folder.id}\n")
        return 0
    from wizard.cli.watch import Asked, watch

    asked = Asked(folder)
    launch(folder, prompted)
    return watch(folder, args.format, asked)


def _media(args: argparse.Namespace) -> list[str]:
    """--media and --wait as the answers they stand for."""
    folders = [str(folder.absolute()) for folder in getattr(args, "media", ())]
    listed = [f"media.volumes={json.dumps(folders, ensure_ascii=False)}"] if folders else []
    return listed + (["media.wait=true"] if getattr(args, "wait", False) else [])


def read_answers(args: argparse.Namespace) -> tuple[Any, str]:
    """The answers and their canonical text. Raises Problem `answers-missing`, `answers-invalid`."""
    from importlib.resources import files

    from wizard.answers.dump import dump
    from wizard.answers.load import load
    from wizard.engine.folder import state_home

    path, sets = args.answers_file, list(args.sets or ())
    if path is None and args.rehearse:
        assets = Path(str(files("assets")))
        path = assets / "worlds" / "answers.yaml"
        home = state_home() / "rehearsal" / Path(args.rehearse).stem
        home.mkdir(parents=True, exist_ok=True)
        # the demonstration chart, wherever the package is installed; and nothing is written into the folder it ships in
        own = (
            f"chart.source={assets / 'chart' / 'opencost-ai'}",
            f"chart.values={home / 'values-airgap.yaml'}",
        )
        sets = [*own, *sets]
    if path is None:
        from wizard.engine.problems import Problem, Remedy

        raise Problem(
            "answers-missing",
            "no answers file was named",
            remedies=(
                Remedy("write one from the example", "airgap-wizard answers example > answers.yaml"),
                Remedy(
                    "or watch a whole install on a simulated site", "airgap-wizard run --rehearse healthy"
                ),
            ),
            exit_code=2,
        )
    answers = load(path, sets)
    return answers, dump(answers)


def said(args: argparse.Namespace) -> tuple[str, ...]:
    """The words that name these answers from wherever they are typed; () where none were named."""
    sets = [word for one in getattr(args, "sets", None) or () for word in ("--set", one)]
    if args.answers_file:
        return ("--answers-file", str(args.answers_file.absolute()), *sets)
    return ("--rehearse", args.rehearse, *sets) if args.rehearse else ()


def site(rehearse: str) -> str:
    """The world as it is found from wherever a command is typed. Raises Problem `world-not-found`, `world-invalid`."""
    if not rehearse:
        return ""
    from wizard.rehearsal.loader import load, worlds

    load(rehearse)
    return rehearse if rehearse in worlds() else str(Path(rehearse).expanduser().absolute())


def check_plan(options: Any) -> None:
    """Refuse a plan that cannot be made before anything is written. Raises Problem `journey-unknown`, `step-unknown`."""
    from wizard.engine.plan import make_plan
    from wizard.engine.problems import Problem, Remedy
    from wizard.steps import JOURNEYS, steps_of

    if options.journey not in JOURNEYS:
        import shlex

        from wizard.cli.journey import PARTS

        own = shlex.join(["airgap-wizard", options.journey, *options.said])
        remedies = (Remedy("this one has a command of its own", own),) if options.journey in PARTS else ()
        raise Problem(
            "journey-unknown",
            f"there is no journey {str(options.journey)!r} that can be run",
            detail="journeys: " + ", ".join(JOURNEYS),
            remedies=(*remedies, Remedy("set journey: in the answers to one of them")),
            exit_code=2,
        )
    make_plan(options.journey, steps_of(options.journey), options.only, options.start, options.until)


def ask_prompts(answers: Any) -> dict[str, str]:
    """Ask for every secret that the answers leave to a prompt, before the run starts: none is asked in mid-run."""
    import getpass

    from wizard.answers.fields import values
    from wizard.engine.problems import Problem, Remedy
    from wizard.engine.secrets import SecretRef

    refs = {path: ref for path, ref in values(answers).items() if isinstance(ref, SecretRef)}
    names = [path for path, ref in refs.items() if ref.where == "prompt"]
    if names and not sys.stdin.isatty():
        raise Problem(
            "secret-not-found",
            f"no value for {', '.join(names)} (prompt)",
            detail="there is no terminal to ask at",
            remedies=(Remedy("use env:NAME or file:PATH for headless runs"),),
            exit_code=2,
        )
    return {name: getpass.getpass(f"{name}: ") for name in names}
