"""Every page on recorded journals, the same on any machine: what snapshots and pictures are made of."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from screens.app import Wizard
from screens.dialogs import Confirm, Secrets
from screens.frame import Page
from screens.members import lines_of
from screens.pages.checks import Checks
from screens.pages.diagnosis import Diagnose
from screens.pages.digests import Digests
from screens.pages.done import Done
from screens.pages.failure import Failure
from screens.pages.form import FormPage
from screens.pages.help import Help
from screens.pages.log import LogPage
from screens.pages.parcel import Parcel
from screens.pages.progress import Progress
from screens.pages.reading import Reading
from screens.pages.review import Review
from screens.pages.runs import Runs
from screens.pages.support import Support
from screens.pages.verification import Verification
from screens.session import Found, Opened, Session, Site
from screens.watched import Watched
from tests.screens.record import HOME, JOURNALS, RUN
from wizard.answers.load import load
from wizard.cli import sitting
from wizard.engine.codec import decode
from wizard.engine.events import Event
from wizard.engine.folder import Options, RunFolder
from wizard.support.format import Bundle, Collected, Got, Manifest, Redacted

WORLDS = JOURNALS.parent / "worlds"


def events(world: str) -> list[Event]:
    """A recorded journal."""
    lines = (JOURNALS / f"{world}.jsonl").read_text().splitlines()
    return [event for line in lines if (event := decode(json.loads(line))) is not None]


class Recorded(Watched):
    """A run as it was recorded, up to some moment."""

    def __init__(
        self, world: str, until: Callable[[Event], bool] | None = None, only: tuple[str, ...] = ()
    ) -> None:
        super().__init__(RunFolder(Path(HOME) / "runs" / RUN), Options("install", rehearse=world, only=only))
        told = events(world)
        end = next((n for n, event in enumerate(told) if until and until(event)), len(told))
        self.fold(told[:end])

    def read(self) -> int:
        """Nothing is ever new."""
        return 0


def session(world: str = "healthy", **changes: Any) -> Session:
    """A sitting without a trace of the machine it is on."""
    answers = load(
        WORLDS / "answers.yaml",
        ["chart.source=/usr/share/airgap-wizard/opencost-ai", "chart.values=/root/values-airgap.yaml"],
    )
    found = {
        "cluster.storageClass": lambda _: [
            Found("internal-block", "csi.internal.example"),
            Found("internal-file"),
        ],
        "registry.host": lambda _: [Found("registry.internal.example", "the site's own registry")],
    }
    made = Session(
        answers=answers,
        steps=sitting.steps,
        world=world,
        story="A healthy site.\nThree nodes, a CNI that enforces NetworkPolicy, a perimeter that lets nothing out.",
        finders=found,
        journeys=[("install", sitting.JOURNEY_LINES["install"])],
        sites=lambda: [Site("healthy", "A healthy site")],
        rehearse=lambda name: session(name),
        target=lambda _: f"the simulated site {world}" if world else "context site-a of /root/.kube/config",
        diagnose=lambda folder, live: parcel(world).diagnosis,
        gather=lambda folder, pseudonyms: parcel(world).bundle,
        write=lambda bundle, path: 0,
        read=sitting.opened,
        shell=lambda folder: None,
    )
    return replace(made, **changes)


def parcel(world: str) -> Opened:
    """A support bundle of a recorded run, without a trace of the machine it is on."""
    files = {
        "run/journal.jsonl": (JOURNALS / f"{world}.jsonl").read_bytes(),
        "run/answers.yaml": (WORLDS / "answers.yaml").read_bytes(),
        "cluster/version.json": b'{"version":"v1.31.0"}',
        "cluster/opencost-ai/logs/gateway-7d9c/gateway.log": b"listening on :8080\n\x1b[2Jcolours of its own\n",
    }
    manifest = Manifest(
        "2026-01-01T00:05:00Z", "0.0.0", world, "opencost-ai", "opencost-ai", RUN,
        collected=(Collected("cluster/opencost-ai/Secret", Got.REFUSED, "secrets is forbidden: may not list"),),
        redacted=(Redacted("run/answers.yaml", "named", 1), Redacted("run/journal.jsonl", "query-text", 2)),
        files={name: (len(data), f"sha256:{sha256(data).hexdigest()}") for name, data in files.items()},
    )  # fmt: skip
    return sitting.browsed("support-site-a.tar", Bundle(manifest, files))


Make = Callable[[], Wizard]


def app(page: Callable[[Wizard], Page] | None, watched: Watched | None = None, **changes: Any) -> Make:
    """An app whose page in front is the one given (None: the first page)."""

    def make() -> Wizard:
        shown = Shown(session(**changes), clock=lambda: watched.state.latest + 2 if watched else 0.0)
        shown.opens = page
        shown.watched = watched
        return shown

    return make


class Shown(Wizard):
    """Opens at a page."""

    opens: Callable[[Wizard], Page] | None = None

    def begin(self) -> None:
        """The first page, and ours over it."""
        super().begin()
        if self.opens is not None:
            self.push_screen(self.opens(self))


def moving(event: Event) -> bool:
    """In the midst of the images."""
    return getattr(event, "step", "") == "mirror-images" and getattr(event, "done", 0) > 30000


def looking(event: Event) -> bool:
    """In the midst of the checks."""
    return getattr(event, "step", "") == "preflight" and "registry" in getattr(event, "text", "")


def at(kind: type[Page], world: str = "healthy", until: Callable[[Event], bool] | None = None,
       only: tuple[str, ...] = (), died: bool = False) -> Make:  # fmt: skip
    """A page over a recorded run."""

    def make() -> Wizard:
        watched = Recorded(world, until, only)
        watched.died = died
        return app(lambda _: kind(watched), watched, world=world)()  # type: ignore[call-arg]

    return make


class Folder(RunFolder):
    """A run's folder that is nowhere."""

    def options(self) -> Options:
        """As it was launched."""
        return Options("install", rehearse="pull-401")


FOLDER = Folder(Path(HOME) / "runs" / RUN)


def a_log() -> Reading:
    """A file of a bundle."""
    name = "cluster/opencost-ai/logs/gateway-7d9c/gateway.log"
    return Reading(name, lines_of(name, parcel("healthy").bundle.files[name]), world="healthy")


CONFIRM = (
    "on      context site-a of /root/.kube/config",
    "from    registry registry.internal.example",
    "",
    "This run",
    "  - installs release opencost-ai in namespace opencost-ai",
)


def pages() -> dict[str, Make]:
    """Every page by name."""
    return {
        "welcome": app(None, world="", story=""),
        "welcome-rehearsal": app(None),
        "form-registry": app(lambda _: FormPage("registry", position="2/8")),
        "form-cluster": app(lambda _: FormPage("cluster", position="5/8", focus="cluster.storageClass")),
        "review": app(lambda _: Review()),
        "checks": at(Checks, until=looking, only=("preflight",)),
        "progress": at(Progress, until=moving),
        "progress-over": at(Progress),
        "digests": at(Digests),
        "log": at(LogPage),
        "verification": at(Verification),
        "verification-leak": at(Verification, "egress-open"),
        "failure": at(Failure, "no-storageclass"),
        "done": at(Done),
        "runs": app(lambda _: Runs()),
        "diagnosis": app(lambda _: Diagnose(FOLDER), world="pull-401"),
        "diagnosis-none": app(lambda _: Diagnose(found=parcel("healthy").diagnosis)),
        "support": app(lambda _: Support(FOLDER), world="pull-401"),
        "bundle": app(lambda _: Parcel(parcel("pull-401"))),
        "reading": app(lambda _: a_log()),
        "failure-killed": at(Failure, until=moving, died=True),
        "confirm": app(lambda _: Confirm("Install now?", CONFIRM, "Yes, begin")),  # type: ignore[arg-type,return-value]
        "help": app(lambda w: Help.for_page(w.screen)),  # type: ignore[arg-type]
        "secrets": app(lambda _: Secrets([("registry.password", "Password")])),  # type: ignore[arg-type,return-value]
    }
