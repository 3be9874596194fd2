"""Load answers: from a file or a text, with `--set` laid over, every fault at once with its place.

    load("answers.yaml", sets=["registry.host=reg.example"]) -> Answers

Raises Problem `answers-invalid` (exit 2) whose `evidence["faults"]` lists every fault, or
`answers-unreadable` (exit 2) where the file cannot be read at all.
"""

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

from wizard.answers import nodes, overrides, rules
from wizard.answers.fields import build, table
from wizard.answers.flaws import Flaw, Place, invalid
from wizard.answers.model import Answers
from wizard.answers.tree import Reading
from wizard.engine.problems import Problem, Remedy


def load(
    path: Path | str,
    sets: Sequence[str] = (),
    *,
    supplied: Iterable[str] = (),
    today: datetime.date | None = None,
) -> Answers:
    """The answers in the file at `path`.

    Relative paths in it are taken from its folder, those in `sets` (`path.to.key=value`, the last one wins) from
    the current one. `supplied` are dotted paths that the caller has otherwise: they are never called missing.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(nodes.LARGEST + 1)
    except OSError as error:
        raise Problem(
            "answers-unreadable",
            f"the answers file {path} cannot be read",
            detail=error.strerror or str(error),
            remedies=(
                Remedy(
                    "write one from the commented example", "airgap-wizard answers example > answers.yaml"
                ),
            ),
            evidence={"path": str(path)},
            exit_code=2,
        ) from None
    return loads(data, str(path), folder=path.absolute().parent, sets=sets, supplied=supplied, today=today)


def loads(
    text: str | bytes,
    name: str = "answers",
    *,
    folder: Path | None = None,
    sets: Sequence[str] = (),
    supplied: Iterable[str] = (),
    today: datetime.date | None = None,
) -> Answers:
    """The answers written as `text`; `name` stands in messages for the file, relative paths are from `folder`."""
    reading = Reading(name, folder)
    try:
        reading.document(nodes.compose(text, name))
    except nodes.Unreadable as unreadable:
        before = _before(text, unreadable.flaw, Reading(name, folder))
        raise invalid(name, [*before, unreadable.flaw]) from None
    overrides.lay(reading, sets)
    flat = {path: field.default for path, field in table().items()}
    if folder:
        flat |= reading.defaults()
    flat |= reading.values
    journey = str(flat["journey"] or "")
    breaches = rules.examine(flat, journey, faulty=reading.told, supplied=supplied, today=today)
    flaws = [*reading.flaws, *(flaw.at(_place(reading, flaw)) for flaw in breaches)]
    if flaws:
        raise invalid(name, flaws)
    return build(flat)


def written(path: Path, sets: Sequence[str], answer: str, value: str) -> Place | None:
    """Where `value` stands among the texts of an answer: for a problem that is found only when it is used.

    None where it is not there (any more), or the file cannot be read.
    """
    reading = Reading(str(path), path.absolute().parent)
    try:
        reading.document(nodes.compose(path.read_bytes(), reading.name))
    except (OSError, nodes.Unreadable):
        return None
    overrides.lay(reading, sets)
    found = reading.values.get(answer)
    if not isinstance(found, tuple) or value not in found:
        return None
    whole = reading.places[answer]
    return reading.places.get(f"{answer}[{found.index(value)}]", whole) if whole.line else whole


def _before(text: str | bytes, flaw: Flaw, reading: Reading) -> list[Flaw]:
    """The faults of the lines above one that is no YAML, so that mending it does not uncover them one by one."""
    lines = text.splitlines(keepends=True)
    above = lines[: flaw.place.line - 1]
    try:
        reading.document(nodes.compose(type(text)().join(above), reading.name), whole=False)  # type: ignore[arg-type]
    except nodes.Unreadable:
        return []
    return reading.flaws


def _place(reading: Reading, flaw: Flaw) -> Place:
    """Where a breach is told: at the answer, else at its section, else at the journey, which asks for it."""
    section = flaw.path.partition(".")[0]
    for path in (flaw.path, section, "journey"):
        if path in reading.places:
            return reading.places[path]
    return Place(reading.name, 1, 1)
