"""Problems: errors a person can act on, each with a stable code, evidence and remedies.

A code is kebab-case, stable for ever, and has a page in `assets/explain/CODE.md` that
`airgap-wizard explain CODE` prints offline. Anything raised that is not a `Problem` is a bug of ours (exit 1).
"""

from wizard.engine.events import Evidence, Fault, Remedy

__all__ = ["Problem", "Remedy", "Stopped"]


class Problem(Exception):
    """Something went wrong that is not a bug: `title` says what with which object, `detail` adds what is known.

    `exit_code` is the process's exit code where the problem ends a command (2 usage or answers, 3 a check
    failed, 5 a step failed: see the command line in docs/ARCHITECTURE.md).
    """

    def __init__(
        self,
        code: str,
        title: str,
        *,
        detail: str = "",
        remedies: tuple[Remedy, ...] = (),
        evidence: Evidence | None = None,
        exit_code: int = 5,
    ) -> None:
        super().__init__(title)
        self.code = code
        self.title = title
        self.detail = detail
        self.remedies = remedies
        self.evidence: Evidence = evidence or {}
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.code}: {self.title}" + (f"; {self.detail}" if self.detail else "")

    @property
    def fault(self) -> Fault:
        """The same as frozen data, for an event."""
        return Fault(self.code, self.title, self.detail, self.remedies, self.evidence)


class Stopped(Exception):
    """The operator asked the run to stop; raised at the next safe point, never shown as a failure."""
