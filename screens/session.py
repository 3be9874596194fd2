"""What a sitting at the wizard needs from the rest of the program, handed in: screens look up nothing themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wizard.answers.model import Answers
from wizard.diagnosis.cause import Diagnosis
from wizard.engine.folder import RunFolder
from wizard.support.format import Bundle


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step as the Review page shows it; `changes` is a sentence for the confirm dialog, "" for a mere look."""

    id: str
    title: str
    asks: tuple[str, ...] = ()
    changes: str = ""
    preview: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One value that was found for an answer, and where: "current context of /root/.kube/config"."""

    value: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A simulated site that can be rehearsed on."""

    name: str
    title: str
    story: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A support bundle that was opened: what it holds, why it does not work there, and (time, who, what) in order."""

    name: str
    bundle: Bundle
    diagnosis: Diagnosis
    timeline: Sequence[tuple[float, str, str]] = ()


Finder = Callable[[Answers], Sequence[Found]]


@dataclass(slots=True)
class Session:
    """Everything that was found in the world or belongs to a room that screens may not enter.

    `steps` is the plan of the answers' journey; `finders` look for values by dotted path (they may block: screens
    call them in threads); `rehearse(name)` gives the session of a simulated site; `diagnose(folder, live)` says why a
    run does not work, from its folder alone or with a look at its site; `gather(folder, pseudonyms)` makes a support
    bundle in memory, `write(bundle, path)` puts it into a file and `read(path)` opens one; `shell(folder)` gives the
    terminal to a shell until it ends. All of them may raise Problem.
    """

    answers: Answers
    steps: Callable[[Answers], Sequence[StepRow]]
    world: str = ""
    story: str = ""
    file: Path | None = None
    fresh: bool = False
    """True where the answers come from no file: empty ones are filled in with what is found."""
    journeys: Sequence[tuple[str, str]] = ()
    finders: Mapping[str, Finder] = field(default_factory=dict)
    sites: Callable[[], Sequence[Site]] = tuple
    rehearse: "Callable[[str], Session] | None" = None
    target: Callable[[Answers], str] = lambda answers: "the cluster"
    diagnose: Callable[[RunFolder, bool], Diagnosis] | None = None
    gather: Callable[[RunFolder, bool], Bundle] | None = None
    write: Callable[[Bundle, Path], int] | None = None
    read: Callable[[Path], Opened] | None = None
    shell: Callable[[RunFolder | None], None] | None = None
    version: str = ""
