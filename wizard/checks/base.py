"""A check: which facts it needs, at which moments it is asked, and its verdict."""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar

from wizard.engine.events import Evidence, Finding, Grade, Remedy
from wizard.facts.base import Facts


class Moment(StrEnum):
    """When a check is asked: before the install, after it, or over a broken one."""

    BEFORE = "before"
    AFTER = "after"
    BROKEN = "broken"


class Check(ABC):
    """One file a check; `wizard/checks/registry.py` lists them in the order they are shown."""

    id: ClassVar[str]
    title: ClassVar[str]
    when: ClassVar[frozenset[Moment]]
    needs: ClassVar[tuple[type, ...]]
    helped_by: ClassVar[tuple[type, ...]] = ()
    """Fact types that make the verdict better and that it can do without."""
    must_be_known: ClassVar[frozenset[Moment]] = frozenset()
    """When UNKNOWN stops the run as FAIL does: nothing is installed, and nothing called proved, on trust."""
    seed: ClassVar[str] = ""

    def ask(self, facts: Facts) -> Finding:
        """The verdict; UNKNOWN with the reasons where a needed fact is missing, never a pass."""
        missing = facts.why_not(self.needs)
        if missing:
            return Finding(
                self.id,
                Grade.UNKNOWN,
                f"{self.title}: not known",
                missing,
                remedies=facts.remedies(self.needs),
            )
        return self.judge(facts)

    def found(
        self, grade: Grade, title: str, evidence: Evidence, *remedies: Remedy, detail: str = ""
    ) -> Finding:
        """A finding of this check. `evidence` is the same from run to run: no times, no random names."""
        return Finding(self.id, grade, title, detail, evidence, remedies)

    @abstractmethod
    def judge(self, facts: Facts) -> Finding:
        """Pure: facts in, finding out. Every needed fact is known here."""
