"""`diagnose`: why it does not work, from a site, a run, or a bundle that was carried out; and what changed between two."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.cli import subject
from wizard.engine.commands import Commands
from wizard.engine.folder import RunFolder, find_run
from wizard.engine.problems import Problem, Remedy

if TYPE_CHECKING:
    from wizard.diagnosis.cause import Diagnosis, RootCause
    from wizard.diagnosis.scene import Scene

FOUND = 3


def add(subparsers: Any) -> None:
    """Register the parser."""
    p = subparsers.add_parser(
        "diagnose",
        help="why it does not work, and what to do",
        description="Ranked causes with what they rest on and the command that mends each. Exit 3 where a cause was "
        "found, 0 where none was. `diagnose diff A B` tells what changed between two support bundles.",
    )
    p.add_argument(
        "diff", nargs="*", metavar="diff A B", help="compare two support bundles (or folders of runs)"
    )
    subject.arguments(p)
    p.add_argument("--bundle", type=Path, metavar="F", help="a support bundle; nothing else is looked at")
    p.add_argument("--timeline", action="store_true", help="what the run and the cluster said, on one axis")
    p.add_argument("--output", choices=("plain", "json"), default="plain", help="form of what is printed")


def run(args: argparse.Namespace) -> int:
    """Diagnose, compare, or show the timeline. Raises Problem `support-bundle-invalid`, `nothing-to-look-at`."""
    if args.diff:
        return _diff(args)
    scene, commands = _scene(args)
    if args.timeline:
        return _timeline(scene, args.output == "json")
    from wizard.diagnosis.diagnose import diagnose

    return _tell(filled(diagnose(scene), commands), args.output == "json")


def _tell(found: "Diagnosis", as_json: bool) -> int:
    from wizard.diagnosis import text

    if as_json:
        sys.stdout.write(json.dumps(text.data(found), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(text.lines(found)).rstrip("\n") + "\n")
    return FOUND if found.causes else 0


def _scene(args: argparse.Namespace) -> "tuple[Scene, Commands]":
    """What is looked at, and how commands about it are typed."""
    from wizard.support.scene import scene_of

    if args.bundle is not None:
        scene = bundle_scene(args.bundle)
        return scene, Commands(Path("answers.yaml"))
    bundle = subject.gathered(args, quiet=True)
    manifest = bundle.manifest
    what = " and ".join(
        filter(
            None,
            [
                f"run {manifest.run}" if manifest.run else "",
                "" if args.offline else f"release {manifest.release} in {manifest.namespace}, as it is now",
            ],
        )
    )
    mark = f"REHEARSAL ({manifest.rehearsal}): " if manifest.rehearsal else ""
    return scene_of(bundle, f"{mark}{what}"), _commands(args, manifest.run, manifest.rehearsal)


def _commands(args: argparse.Namespace, run: str, rehearsal: str) -> Commands:
    """As whoever asked named the answers and the site."""
    if args.answers_file is not None:
        said: tuple[str, ...] = ("--answers-file", str(args.answers_file))
        return Commands(args.answers_file, said, args.rehearse)
    if args.rehearse:
        return Commands(Path("answers.yaml"), ("--rehearse", args.rehearse), args.rehearse)
    return commands_of(find_run(args.run or run), rehearsal)


def commands_of(folder: RunFolder, rehearsal: str) -> Commands:
    """As the run was asked for; by its own copy of the answers where that is not known any more."""
    try:
        return Commands.of(folder.options(), folder.answers)
    except Problem:
        return Commands(folder.answers, (), rehearsal)


def filled(found: "Diagnosis", commands: Commands) -> "Diagnosis":
    """With commands that can be typed as they stand."""
    causes = (
        replace(c, remedies=tuple(replace(r, command=commands.fill(r.command)) for r in c.remedies))
        for c in found.causes
    )
    return replace(found, causes=tuple(causes))


def bundle_scene(path: Path) -> "Scene":
    """The scene of a bundle file. Raises Problem `support-bundle-invalid`."""
    from wizard.support.read import read
    from wizard.support.scene import scene_of

    bundle = read(path)
    manifest = bundle.manifest
    mark = f"REHEARSAL ({manifest.rehearsal}): " if manifest.rehearsal else ""
    made = f"made {manifest.made or 'at an unknown time'} by version {manifest.program or '?'}"
    return scene_of(bundle, f"{mark}{path.name}, {made}")


def _timeline(scene: "Scene", as_json: bool) -> int:
    from wizard.diagnosis.timeline import lines, timeline

    found = timeline(scene)
    if as_json:
        rows = [{"at": m.at, "who": m.who, "text": m.text} for m in found]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(lines(found) or ["nothing has a time"]) + "\n")
    return 0


def _diff(args: argparse.Namespace) -> int:
    if args.diff[0] != "diff" or len(args.diff) != 3:
        raise Problem(
            "diff-needs-two",
            f"`diagnose {' '.join(args.diff)}` is not understood",
            remedies=(
                Remedy("compare two support bundles", "airgap-wizard diagnose diff BEFORE.tar AFTER.tar"),
            ),
            exit_code=2,
        )
    from wizard.diagnosis.compare import changes, lines

    a, b = (bundle_scene(Path(name)) for name in args.diff[1:])
    found = changes(a, b)
    if args.output == "json":
        rows = [{"what": c.what, "before": c.before, "after": c.after} for c in found]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(lines(found)) + "\n")
    return 0


def diagnose_run(folder: RunFolder, *, live: bool = False, seconds: float = 20.0) -> "Sequence[RootCause]":
    """The ranked causes of a run, for a front end: out of its folder alone, or with a look at its site as it is now.

    Takes well under a second without `live`, at most about `seconds` with it; never raises for a damaged folder.
    """
    return diagnosis_of(folder, live=live, seconds=seconds).causes


def diagnosis_of(folder: RunFolder, *, live: bool = False, seconds: float = 20.0) -> "Diagnosis":
    """The same with what was ruled out and what is not known."""
    from wizard.diagnosis.diagnose import diagnose
    from wizard.support.scene import scene_of

    answers, rehearse = subject.of_run(folder)
    args = argparse.Namespace(offline=not live, seconds=seconds, probe=False)
    bundle = subject.look(folder, answers, rehearse, args, quiet=True)
    return filled(diagnose(scene_of(bundle, f"run {folder.id}")), commands_of(folder, rehearse))
