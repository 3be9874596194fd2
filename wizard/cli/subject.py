"""What `diagnose` and `support-bundle` look at: a run, a site, or both, out of the same flags."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.answers.model import Answers
from wizard.cluster.port import Cluster
from wizard.engine.events import Finding
from wizard.engine.folder import RunFolder, find_run
from wizard.engine.problems import Problem, Remedy

if TYPE_CHECKING:
    from wizard.support.format import Bundle
    from wizard.support.gather import Site
    from wizard.world import World


def arguments(p: argparse.ArgumentParser) -> None:
    """The flags."""
    p.add_argument("--run", metavar="RUN", help="a run: its id, the end of its id, or its folder")
    p.add_argument("--answers-file", "-f", type=Path, metavar="F", help="look at the site of these answers")
    p.add_argument("--set", action="append", default=[], metavar="K=V", dest="sets", help="change one answer")
    p.add_argument("--rehearse", default="", metavar="WORLD", help="look at a simulated site")
    p.add_argument(
        "--offline", action="store_true", help="with --run: its folder alone, nothing is contacted"
    )
    p.add_argument(
        "--probe",
        action="store_true",
        help="run the experiments too (pods in a scratch namespace: pulls, policies, egress, a question)",
    )
    p.add_argument(
        "--seconds", type=float, default=45.0, metavar="N", help="give up on what takes longer (default 45)"
    )


def gathered(args: argparse.Namespace, *, pseudonyms: bool = False, quiet: bool = False) -> "Bundle":
    """Gather what the flags name; without any, the newest run. Raises Problem `nothing-to-look-at` (exit 2)."""
    from wizard.cli.run import read_answers

    run = _run(args)
    if args.answers_file is not None or args.rehearse:
        answers, _ = read_answers(args)
        return look(run, answers, args.rehearse, args, pseudonyms=pseudonyms, quiet=quiet)
    if run is None:
        raise Problem(
            "nothing-to-look-at",
            "neither a run nor answers were named, and there has been no run",
            remedies=(
                Remedy("name the answers of the site", f"airgap-wizard {args.command} --answers-file F"),
                Remedy("or try it on a simulated site", f"airgap-wizard {args.command} --rehearse pull-401"),
            ),
            exit_code=2,
        )
    answers, rehearse = of_run(run)
    return look(run, answers, rehearse, args, pseudonyms=pseudonyms, quiet=quiet)


def _run(args: argparse.Namespace) -> RunFolder | None:
    if args.run is not None:
        return find_run(args.run)
    if args.answers_file is not None or args.rehearse:
        return None
    try:
        return find_run("")
    except Problem:
        return None


def of_run(run: RunFolder) -> tuple[Answers | None, str]:
    """The answers of a run, and the simulated site that it acted on; None where its folder is damaged."""
    from wizard.answers.load import load

    try:
        rehearse = run.options().rehearse
    except Problem:
        rehearse = ""
    try:
        return load(run.answers), rehearse
    except Problem:
        return None, rehearse


def look(
    run: RunFolder | None,
    answers: Answers | None,
    rehearse: str,
    args: argparse.Namespace,
    *,
    pseudonyms: bool = False,
    quiet: bool = False,
) -> "Bundle":
    """A bundle in memory of a run and the site of its answers."""
    from wizard.support.gather import Wanted, gather

    def say(text: str) -> None:
        if not quiet:
            sys.stderr.write(f"  {text}\n")

    offline = getattr(args, "offline", False)
    seconds = getattr(args, "seconds", 45.0)
    if answers is None or offline:
        from wizard.support.gather import Site

        site = Site(answers, rehearsal=rehearse) if answers is not None else None
        return gather(Wanted(run, site, pseudonyms=pseudonyms, seconds=seconds), say)
    with opened(rehearse) as world:
        findings = probed(world, answers, run, say) if getattr(args, "probe", False) else ()
        plan = () if run is not None else planned(answers)
        wanted = Wanted(run, site_of(world, answers), plan, findings, pseudonyms, seconds)
        return gather(wanted, say)


@contextmanager
def opened(rehearse: str) -> "Iterator[World]":
    """The world, closed at the end. Nobody is asked for a secret in a look."""
    from wizard.cli.execute import open_world

    world = open_world(rehearse, None)
    try:
        yield world
    finally:
        world.close()


def site_of(world: "World", answers: Answers) -> "Site":
    """The ways to a site, for gathering."""
    from wizard.steps.record import read_record
    from wizard.support.gather import Site

    before = earlier(answers, world.rehearsal)

    def cluster() -> Cluster:
        found = world.cluster(answers)
        once = getattr(found, "once", None)
        return once() if once is not None else found

    def recorded() -> Mapping[str, Any]:
        kept = read_record(cluster(), answers).get("recorded")
        return {**before, **(kept if isinstance(kept, Mapping) else {})}

    return Site(
        answers,
        cluster,
        lambda: world.helm(answers),
        lambda: world.sites(answers),
        recorded,
        world.rehearsal,
    )


def earlier(answers: Answers, rehearse: str) -> Mapping[str, Any]:
    """What the newest run on the same release recorded: a failed install leaves nothing in the cluster that says it."""
    from wizard.engine.folder import run_folders
    from wizard.support.run import recorded

    for run in reversed(run_folders()):
        theirs, where = of_run(run)
        if theirs is not None and where == rehearse and _release(theirs) == _release(answers):
            return recorded(run)
    return {}


def _release(answers: Answers) -> tuple[str, str, str]:
    at = answers.cluster
    return answers.registry.host, at.namespace, at.release


def planned(answers: Answers) -> list[dict[str, Any]]:
    """The plan of the answers' journey, where there is one."""
    from wizard.steps import JOURNEYS, steps_of

    if answers.journey not in JOURNEYS:
        return []
    return [
        {"id": s.id, "title": s.title, "preview": list(s.preview(answers))} for s in steps_of(answers.journey)
    ]


def probed(world: "World", answers: Answers, run: RunFolder | None, say: Any) -> tuple[Finding, ...]:
    """The verdicts of the moment when something is broken: experiments included. A site that is away has none."""
    import tempfile

    from wizard.checks.base import Moment
    from wizard.engine.step import Context
    from wizard.engine.stop import Stop
    from wizard.steps.looking import look as look_at
    from wizard.support.run import recorded

    stop = Stop()
    if world.rehearsal:
        from wizard.cli.execute import REHEARSED_PACE

        stop.pace = REHEARSED_PACE
    with tempfile.TemporaryDirectory(prefix="airgap-wizard-") as scratch:
        evidence = recorded(run) if run is not None else earlier(answers, world.rehearsal)
        ctx = Context(answers, world, Path(scratch), lambda event: None, stop, evidence)
        try:
            return look_at(ctx, Moment.BROKEN).findings
        except Problem as problem:
            say(f"experiments: {problem.title}")
            return ()
