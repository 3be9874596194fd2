"""A cause: what one object waits for, as the problem that it would be."""

from dataclasses import dataclass

from wizard.engine.events import Remedy
from wizard.engine.problems import Problem


@dataclass(frozen=True, slots=True)
class Cause:
    """`about` is KIND NAME; `rank` orders causes, the most telling first."""

    problem: Problem
    about: str
    rank: int

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.problem.code

    def __str__(self) -> str:
        return self.problem.title + (f"\n{self.problem.detail}" if self.problem.detail else "")


def cause(code: str, about: str, text: str, *remedies: Remedy, rank: int, detail: str = "") -> Cause:
    """A cause in words: `text` in one line, `detail` what belongs below it (the last lines of a log)."""
    return Cause(Problem(code, f"{about}: {text}", detail=detail, remedies=remedies), about, rank)
