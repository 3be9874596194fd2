"""Commands shown to people, made so that they can be typed as they stand.

Steps and checks write `airgap-wizard run --answers-file F …`: which file F was is known to the run alone, and in a
rehearsal the same command has to name the world. Both are put in where an event comes into being.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.events import Ended, Event, Evidence, Fault, Found, Remedy

if TYPE_CHECKING:
    from wizard.engine.folder import Options

PLACE = "--answers-file F"
_ACTS = ("run", "preflight", "verify")
"""Commands that act on a site, simulated or real; the first is the whole journey, the others a part of it."""
_PARTS = {("mirror-probe", "preflight"): "preflight", ("verify",): "verify"}
"""Steps that have a command of their own."""


@dataclass(frozen=True, slots=True)
class Commands:
    """How a run was asked for. `said` are the words that named answers and site (none where the wizard's screens made
    them), `copy` is the file of the answers as used, with every `--set` in it."""

    copy: Path
    said: tuple[str, ...] = ()
    rehearse: str = ""

    @classmethod
    def of(cls, options: "Options", copy: Path) -> "Commands":
        """Those of a run."""
        return cls(copy, options.said, options.rehearse)

    def fill(self, command: str) -> str:
        """The command with what this run knows of it."""
        words = command.split()
        if len(words) < 2 or words[0] != "airgap-wizard":
            return command
        acts = words[1] in _ACTS
        if not acts and not (self.said[:1] == ("--answers-file",) and len(self.said) == 2):
            named: tuple[str, ...] = ("--answers-file", str(self.copy))
        else:
            named = self._named
        command = command.replace(f" {PLACE}", "".join(f" {shlex.quote(word)}" for word in named))
        if acts and self.rehearse and "--rehearse" not in command.split():
            command += " --rehearse " + shlex.quote(self.rehearse)
        return command

    def again(self, options: "Options") -> str:
        """The whole command that does the same once more."""
        alone = _PARTS.get(options.only, "")
        words = ["airgap-wizard", alone or "run", *self._named]
        for step in () if alone else options.only:
            words += ["--only", step]
        for flag, value in (
            ("--from", options.start),
            ("--until", options.until),
            ("--rehearse", self.rehearse),
        ):
            words += [flag, value] if value and flag not in words else []
        return shlex.join([*words, *(["--strict"] if options.strict else [])])

    @property
    def _named(self) -> tuple[str, ...]:
        return self.said or ("--answers-file", str(self.copy))

    def fault(self, fault: Fault) -> Fault:
        """A problem with its commands filled in, and with the place of the answer that it names in its evidence."""
        place = self._place(fault.evidence)
        return replace(fault, detail=place + fault.detail, remedies=self._remedies(fault.remedies))

    def _place(self, evidence: Evidence) -> str:
        answer, value = str(evidence.get("field", "")), str(evidence.get("file", ""))
        if not answer:
            return ""
        from wizard.answers.load import written

        named = self.said[:1] == ("--answers-file",)
        path, sets = (Path(self.said[1]), self.said[3::2]) if named else (self.copy, ())
        place = written(path, sets, answer, value)
        return f"{place} {answer}: " if place else ""

    def event(self, event: Event) -> Event:
        """An event with its commands filled in."""
        if isinstance(event, Found):
            finding = replace(event.finding, remedies=self._remedies(event.finding.remedies))
            return replace(event, finding=finding)
        if isinstance(event, Ended) and event.problem is not None:
            return replace(event, problem=self.fault(event.problem))
        return event

    def _remedies(self, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
        return tuple(replace(r, command=self.fill(r.command)) for r in remedies)
