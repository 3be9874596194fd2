"""A sitting at the wizard: what its screens are handed. Nothing here draws."""

import argparse
import functools
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import wizard
from screens.session import Session, Site, StepRow
from wizard.answers.fields import table, values
from wizard.answers.form import value_text
from wizard.answers.load import load
from wizard.answers.model import Answers, Journey
from wizard.cli import found
from wizard.engine.folder import RunFolder
from wizard.steps import JOURNEYS, steps_of

JOURNEY_LINES = {
    "install": "bring everything in, install it, prove it",
    "stage": "outside: collect everything into a signed bundle",
    "upgrade": "move an install to another version",
    "rollback": "back to the version before",
    "verify": "prove an install again",
    "rotate": "new credentials",
    "gc": "remove what no version needs any more",
}


def real(file: Path | None) -> Session:
    """On the real world; `file` fills the answers in. Raises Problem `answers-unreadable`, `answers-invalid`."""
    answers = load(file, supplied=table()) if file else Answers(journey=Journey.INSTALL)
    return Session(
        answers=answers,
        steps=steps,
        file=file.absolute() if file else None,
        fresh=file is None,
        journeys=[(name, JOURNEY_LINES.get(name, "")) for name in JOURNEYS],
        finders=found.FINDERS,
        sites=sites,
        rehearse=rehearsal,
        target=target,
        report=report,
        shell=shell,
        version=wizard.__version__,
    )


def rehearsal(world: str, file: Path | None = None) -> Session:
    """On a simulated site. Raises Problem `world-not-found`, `world-invalid`."""
    from wizard.cli.run import read_answers
    from wizard.rehearsal.loader import load as load_world

    described = load_world(world)
    if file is not None:
        answers = load(file, supplied=table())
    else:
        answers, _ = read_answers(argparse.Namespace(answers_file=None, sets=[], rehearse=world))
    made = real(None)
    return replace(
        made,
        answers=answers,
        file=file.absolute() if file else None,
        fresh=False,
        world=world,
        story=f"{described.title}.\n{' '.join(described.story.split())}",
        finders=found.rehearsed(world),
        target=lambda a: f"the simulated site {described.name}",
    )


@functools.cache
def sites() -> list[Site]:
    """The simulated sites that ship with us, the healthy one first."""
    from wizard.rehearsal.loader import load as load_world
    from wizard.rehearsal.loader import worlds

    names = sorted(worlds(), key=lambda n: (n != "healthy", n))
    described = [(n, load_world(n)) for n in names if n != "values-airgap"]
    return [Site(n, d.title, " ".join(d.story.split())) for n, d in described]


def steps(answers: Answers) -> list[StepRow]:
    """The plan of the answers' journey."""
    if answers.journey not in JOURNEYS:
        return []
    return [
        StepRow(s.id, s.title, s.asks, _filled(s.changes, answers), tuple(s.preview(answers)))
        for s in steps_of(answers.journey)
    ]


def _filled(text: str, answers: Answers) -> str:
    """A step's `changes` with the answers it names in braces."""
    flat = values(answers)
    for path, field in table().items():
        text = text.replace("{" + path + "}", value_text(field, flat[path]))
    return text.replace("{registry}", answers.registry.host)


def target(answers: Answers) -> str:
    """Which cluster is meant, for the confirm dialog."""
    cluster = answers.cluster
    if cluster.kubeconfig is None:
        return "the cluster of the pod this runs in (no kubeconfig is named)"
    return f"context {cluster.context or '(current)'} of {cluster.kubeconfig}"


def report(folder: RunFolder) -> Path:
    """The support bundle of a run, in the current folder or else in the run's. Raises Problem, OSError."""
    from wizard.cli import subject
    from wizard.support.write import write

    words = argparse.Namespace(
        run=str(folder.path), answers_file=None, rehearse="", sets=[], seconds=45.0, command="support-bundle"
    )
    bundle = subject.gathered(words, quiet=True)
    where = Path.cwd() if os.access(Path.cwd(), os.W_OK) else folder.path
    path = where / f"support-{folder.id}.tar"
    write(bundle, path)
    return path


def shell(folder: RunFolder | None) -> None:
    """A shell in this terminal until it ends, with AIRGAP_WIZARD_RUN naming the run's folder."""
    program = os.environ.get("SHELL") or "/bin/sh"
    env = dict(os.environ) | ({"AIRGAP_WIZARD_RUN": str(folder.path)} if folder else {})
    print("\nThe wizard waits; `exit` leads back to it.", flush=True)
    subprocess.run([program], env=env, check=False)
