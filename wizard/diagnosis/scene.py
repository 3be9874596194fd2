"""The scene: everything that was gathered of a site and a run, frozen, with a reason for whatever is not in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wizard.answers.model import Answers
from wizard.cluster.objects.names import COMPONENT, INSTANCE, PURPOSE, Names
from wizard.cluster.port import Obj, Release
from wizard.cluster.waiting.release import about, when
from wizard.diagnosis.cause import Gap
from wizard.engine.events import Fault, Finding, Grade
from wizard.engine.state import RunState
from wizard.facts.base import Unknown

MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError, OverflowError)
"""What objects raise that are not as the API has them: a bundle may come from anywhere."""
NOT_GATHERED = Unknown("not gathered")
WIDE = ""
"""The namespace of what has none."""


@dataclass(frozen=True, slots=True)
class Log:
    """The end of one container's log."""

    namespace: str
    pod: str
    container: str
    previous: bool
    text: str

    @property
    def where(self) -> str:
        """For people."""
        return f"log of {self.pod}/{self.container}" + (" before its last start" if self.previous else "")


@dataclass(frozen=True, slots=True)
class Look:
    """What a command inside a pod printed."""

    command: tuple[str, ...]
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects by kind and namespace; a list that was not to be had stands in `unknown` with the reason.

    `findings` are verdicts by check id, the latest of each; `from_run` those that a run found some time ago. `stock`
    is what the registry has (see `wizard/support/registry.py`). `again` is the command that runs the same answers
    again, to be told in remedies.
    """

    names: Names
    answers: Answers | None = None
    objects: Mapping[tuple[str, str], tuple[Obj, ...]] = field(default_factory=dict)
    unknown: Mapping[tuple[str, str], str] = field(default_factory=dict)
    seen_at: Mapping[tuple[str, str], float] = field(default_factory=dict)
    version: str | Unknown = NOT_GATHERED
    logs: tuple[Log, ...] = ()
    looks: tuple[Look, ...] = ()
    run: RunState | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    history: tuple[Release, ...] | Unknown = NOT_GATHERED
    values: Mapping[str, Any] | Unknown = NOT_GATHERED
    stock: Mapping[str, Any] | Unknown = NOT_GATHERED
    recorded: Mapping[str, Any] = field(default_factory=dict)
    clock: float = 0.0
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    again: str = "airgap-wizard run --answers-file F"
    subject: str = ""

    # objects

    def of(self, kind: str, namespace: str | None = None) -> tuple[Obj, ...]:
        """The objects of a kind in a namespace (default: the release's); empty where they are not known."""
        return self.objects.get((kind, self.names.namespace if namespace is None else namespace), ())

    def known(self, kind: str, namespace: str | None = None) -> bool:
        """Whether that list was gathered, whole or not."""
        return (kind, self.names.namespace if namespace is None else namespace) in self.objects

    def get(self, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        """One object out of a list that is known."""
        return next((o for o in self.of(kind, namespace) if o["metadata"].get("name") == name), None)

    def absent(self, kind: str, name: str, namespace: str | None = None) -> bool:
        """Whether it is known not to be there."""
        return self.known(kind, namespace) and self.get(kind, name, namespace) is None

    def pods(self, component: str = "") -> tuple[Obj, ...]:
        """The release's own pods, those of ours that only look left out."""
        return tuple(
            pod
            for pod in self.of("Pod")
            if PURPOSE not in labels(pod)
            and labels(pod).get(INSTANCE) == self.names.release
            and (not component or labels(pod).get(COMPONENT) == component)
            and not pod["metadata"].get("deletionTimestamp")
        )

    def events(self, obj: Obj | None = None, namespace: str | None = None) -> tuple[Obj, ...]:
        """Events of a namespace in the order of their times, of one object where it is named."""
        found = sorted(self.of("Event", namespace), key=when)
        return tuple(about(found, obj) if obj is not None else found)

    # logs

    def log(self, pod: Obj) -> str:
        """All that was kept of a pod's logs, the older part first."""
        name, space = pod["metadata"]["name"], pod["metadata"].get("namespace")
        mine = [log for log in self.logs if log.pod == name and log.namespace == space]
        return "\n".join(log.text for log in sorted(mine, key=lambda log: not log.previous))

    def look(self, *command: str) -> Look | None:
        """What that command printed, where it was run."""
        return next((look for look in self.looks if look.command[: len(command)] == command), None)

    # the run

    @property
    def fault(self) -> Fault | None:
        """The problem that ended the run."""
        return self.run.problem if self.run is not None else None

    def failed(self, check: str) -> Finding | None:
        """The finding of a check that failed."""
        found = self.findings.get(check)
        return found if found is not None and found.grade is Grade.FAIL else None

    @property
    def registry(self) -> str:
        """The internal registry's host; "" where it is not known."""
        if self.answers is not None and self.answers.registry.host:
            return self.answers.registry.host
        return "" if isinstance(self.stock, Unknown) else str(self.stock.get("host") or "")

    @property
    def answers_file(self) -> str:
        """The answers file that `again` names; F, for the reader to fill in, where it names none."""
        return self.again.partition("--answers-file ")[2] or "F"

    @property
    def install(self) -> str:
        """The command that installs changed answers: the short way where the images are carried already, else all."""
        rows = {} if isinstance(self.stock, Unknown) else self.stock.get("images") or {}
        there = [
            bool(row.get("found")) for name, row in rows.items() if name != "probe" and isinstance(row, dict)
        ]
        carried = all(there) if there else bool(self.pods())
        return f"{self.again} --from write-values" if carried else self.again

    @property
    def overriding(self) -> str:
        """The same with a values file of one's own; it is named where the answers name none yet."""
        named = self.answers is not None and self.answers.chart.overrides is not None
        return self.install if named else f"{self.install} --set chart.overrides=values-site.yaml"

    def step(self, *steps: str) -> str:
        """The command that runs these steps again."""
        return " ".join([self.again, *(f"--only {step}" for step in steps)])


def labels(obj: Obj) -> dict[str, Any]:
    """An object's labels."""
    return obj["metadata"].get("labels") or {}


def name_of(obj: Obj) -> str:
    """KIND NAME, as people say it."""
    return f"{str(obj.get('kind') or 'object').lower()} {obj['metadata'].get('name', '?')}"


def statuses(pod: Obj) -> list[dict[str, Any]]:
    """The statuses of a pod's containers, the initial ones first."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
