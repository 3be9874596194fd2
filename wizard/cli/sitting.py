"""A sitting at the wizard: what its screens are handed. Nothing here draws."""

import argparse
import functools
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import wizard
from screens.session import Opened, Session, Site, StepRow
from wizard.answers.fields import table, values
from wizard.answers.form import value_text
from wizard.answers.load import load
from wizard.answers.model import Answers, Journey
from wizard.cli import found
from wizard.engine.folder import RunFolder
from wizard.steps import JOURNEYS, steps_of

if TYPE_CHECKING:
    from wizard.diagnosis.cause import Diagnosis
    from wizard.support.format import Bundle

SECONDS = 45.0
"""After that a support bundle is made of what was got."""
JOURNEY_LINES = {
    "install": "bring everything in, install it, prove it",
    "stage": "outside: collect everything into a signed bundle",
}


def real(file: Path | None) -> Session:
    """On the real world; `file` fills the answers in. Raises Problem `answers-unreadable`, `answers-invalid`."""
    answers = load(file, supplied=table()) if file else Answers(journey=Journey.INSTALL)
    return Session(
        answers=answers,
        steps=steps,
        file=file.absolute() if file else None,
        fresh=file is None,
        journeys=[(name, JOURNEY_LINES[name]) for name in JOURNEYS],
        finders=found.FINDERS,
        sites=sites,
        rehearse=rehearsal,
        target=target,
        diagnose=diagnosed,
        gather=gathered,
        write=written,
        read=opened,
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


def gathered(folder: RunFolder, pseudonyms: bool = False) -> "Bundle":
    """What a support bundle of a run and its site would hold. Raises Problem."""
    from wizard.cli import subject

    answers, rehearse = subject.of_run(folder)
    args = argparse.Namespace(seconds=SECONDS)
    return subject.look(folder, answers, rehearse, args, pseudonyms=pseudonyms, quiet=True)


def written(bundle: "Bundle", path: Path) -> int:
    """Its file. Raises Problem `support-bundle-not-written`."""
    from wizard.support.write import write

    return write(bundle, path)


def opened(path: Path) -> Opened:
    """A support bundle that somebody brought. Raises Problem `support-bundle-invalid`."""
    from wizard.support.read import read

    return browsed(path.name, read(path))


def browsed(name: str, bundle: "Bundle") -> Opened:
    """A support bundle with what it comes to."""
    from wizard.cli.diagnose import filled
    from wizard.diagnosis.diagnose import diagnose
    from wizard.diagnosis.timeline import timeline
    from wizard.engine.commands import Commands
    from wizard.support.scene import scene_of

    scene = scene_of(bundle, name)
    found = filled(diagnose(scene), Commands(Path("answers.yaml")))
    return Opened(name, bundle, found, tuple((m.at, m.who, m.text) for m in timeline(scene)))


def diagnosed(folder: RunFolder, live: bool) -> "Diagnosis":
    """Why a run does not work, as `diagnose` says it. Raises Problem where the site cannot be opened at all."""
    from wizard.cli.diagnose import diagnosis_of

    return diagnosis_of(folder, live=live)


def shell(folder: RunFolder | None) -> None:
    """A shell in this terminal until it ends, with AIRGAP_WIZARD_RUN naming the run's folder."""
    program = os.environ.get("SHELL") or "/bin/sh"
    env = dict(os.environ) | ({"AIRGAP_WIZARD_RUN": str(folder.path)} if folder else {})
    print("\nThe wizard waits; `exit` leads back to it.", flush=True)
    subprocess.run([program], env=env, check=False)
