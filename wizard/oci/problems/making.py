"""How the families make their Problems."""

from wizard.engine.problems import Problem, Remedy


def make(code: str, title: str, detail: str, *remedies: str | Remedy, **evidence: object) -> Problem:
    """A Problem from a title, a detail, remedies (a text is one) and evidence by keyword."""
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=dict(evidence))


def misnamed(code: str, title: str, detail: str, *remedies: str | Remedy, **evidence: object) -> Problem:
    """The same for a file that a flag or an answer names and that is not what it was named for: exit 2."""
    made = make(code, title, detail, *remedies, **evidence)
    made.exit_code = 2
    return made
