"""How a bundle's problems are made: refused is a failed check (exit 3); what was named wrongly is exit 2."""

from wizard.engine.problems import Problem, Remedy

AGAIN = "copy it from its source again; the source's own copy can be checked with the same command"


def bundle_refused(
    code: str, title: str, detail: str, *remedies: Remedy | str, **evidence: object
) -> Problem:
    """What comes in is not what it should be."""
    return _made(3, code, title, detail, remedies, evidence)


def bundle_usage(code: str, title: str, detail: str, *remedies: Remedy | str, **evidence: object) -> Problem:
    """What was asked for cannot be."""
    return _made(2, code, title, detail, remedies, evidence)


def _made(
    exit_code: int,
    code: str,
    title: str,
    detail: str,
    remedies: tuple[Remedy | str, ...],
    evidence: dict[str, object],
) -> Problem:
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=evidence, exit_code=exit_code)
