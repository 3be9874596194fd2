"""A cause: what one object waits for, in words and as a problem's code."""

from dataclasses import dataclass

from wizard.engine.events import Remedy


@dataclass(frozen=True, slots=True)
class Cause:
    """`code` is the problem it would be; `about` is KIND NAME; `rank` orders causes, the most telling first."""

    code: str
    about: str
    text: str
    remedies: tuple[Remedy, ...] = ()
    rank: int = 50

    def __str__(self) -> str:
        return f"{self.about}: {self.text}"
