"""`_execute RUN_DIR`: the process that does a run. Nobody types this; `launch` starts it in its own session."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from wizard.engine.commands import Commands
from wizard.engine.events import Event
from wizard.engine.folder import Options, RunFolder, write_atomic
from wizard.engine.journal import Journal
from wizard.engine.launch import hear
from wizard.engine.problems import Problem
from wizard.engine.secrets import Prompter
from wizard.engine.stop import Stop
from wizard.world import World

PACE = "AIRGAP_WIZARD_PACE"
"""Environment variable: how much of each wait (a back-off, a settling) is really waited; for tests."""

REHEARSED_PACE = 0.1
"""Settling and polling in a simulated site: a tenth of what a real one is given."""


def execute(path: str) -> int:
    """Run the folder's answers; the exit code is also the last event's `exitCode`."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = Stop()
    stop.pace = float(os.environ.get(PACE, "1"))
    hear(stop.set)
    folder = RunFolder(Path(path))
    prompted = {str(k): str(v) for k, v in json.loads(sys.stdin.read() or "{}").items()}
    with Journal(folder.journal) as journal:
        return _run(folder, folder.options(), prompted, journal, stop)


def _run(
    folder: RunFolder, options: Options, prompted: Mapping[str, str], journal: Journal, stop: Stop
) -> int:
    from wizard.answers.load import load
    from wizard.engine.plan import make_plan
    from wizard.engine.run import EXIT_BUG, bug, run
    from wizard.engine.turn import site_of, turn
    from wizard.reports.summary import summary
    from wizard.steps import steps_of

    world: World | None = None
    commands = Commands.of(options, folder.answers)
    held = ExitStack()
    try:
        answers = load(folder.answers)
        if not options.dry:
            held.enter_context(turn(site_of(options, answers), folder.id))
        world = open_world(options.rehearse, prompter(prompted), stop)
        plan = make_plan(
            options.journey, steps_of(options.journey), options.only, options.start, options.until
        )
        state = run(
            plan,
            answers,
            world,
            [journal],
            stop,
            folder.path,
            run_id=folder.id,
            dry=options.dry,
            strict=options.strict,
            commands=commands,
            again=commands.again(options),
            # a look may be at one thing alone; a run that goes on to change the site looks at everything
            checks=options.checks if plan.chosen <= {"mirror-probe", "preflight"} else (),
        )
        evidence = {s.id: dict(s.evidence) for s in state.steps.values() if s.evidence}
        folder.spare.unlink(missing_ok=True)
        # both are made from the journal, which has them safe: a full disk now is no failure of the run
        with suppress(OSError):
            write_atomic(
                folder.evidence, json.dumps(evidence, indent=2, ensure_ascii=False, default=str) + "\n"
            )
            write_atomic(folder.summary, summary(state, folder.path))
        return state.exit_code or 0
    except Problem as problem:
        return _failed(journal, problem.exit_code, commands.fault(problem.fault))
    except Exception as error:
        return _failed(journal, EXIT_BUG, bug(error))
    finally:
        folder.spare.unlink(missing_ok=True)
        if world is not None:
            world.close()
        held.close()


def _failed(journal: Journal, code: int, fault: object) -> int:
    """The run could not even be planned: the journal says why, like any other end."""
    import time

    from wizard.engine.clean import clean
    from wizard.engine.events import Ended, Fault, Outcome

    assert isinstance(fault, Fault)
    event: Event = Ended(at=time.time(), outcome=Outcome.FAILED, evidence={"exitCode": code}, problem=fault)
    journal.last_words(clean(event))
    return code


def prompter(prompted: Mapping[str, str]) -> Prompter | None:
    """Answers of the front end's prompts, by name; None where nothing was asked."""
    return (lambda name: prompted[name]) if prompted else None


def open_world(rehearse: str, ask: Prompter | None, stop: Stop | None = None) -> World:
    """The rehearsed world of that name, or the real one."""
    if rehearse:
        from wizard.rehearsal import open_world as open_rehearsal

        return open_rehearsal(rehearse, ask)
    from wizard.real import RealWorld

    return RealWorld(ask, stop)
