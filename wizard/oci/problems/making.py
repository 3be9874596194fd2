"""How the families make their Problems."""

from wizard.engine.problems import Problem, Remedy


def make(code: str, title: str, detail: str, *remedies: str | Remedy, **evidence: object) -> Problem:
    """A Problem from a title, a detail, remedies (a text is one) and evidence by keyword."""
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=dict(evidence))
