"""What a form needs: a message for one value as it is typed, the faults of a whole, and answers with values changed."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard.answers import rules
from wizard.answers.fields import Field, Kind, build, table, values
from wizard.answers.flaws import Flaw, Place, invalid
from wizard.answers.model import Answers
from wizard.answers.overrides import written


def check_value(path: str, text: str) -> str:
    """What is wrong with `text` as the value of the answer at the dotted `path`; "" where nothing is.

    The words are those of `load`. Raises KeyError where there is no such answer.
    """
    made = written(table()[path], text)
    return made.said if isinstance(made, Flaw) else ""


def value_text(field: Field, value: Any) -> str:
    """A value as it is typed in a form or after `--set`; "" for none."""
    if value is None:
        return ""
    if field.kind is Kind.TOGGLE:
        return "true" if value else "false"
    if field.kind is Kind.TEXTS:
        return ", ".join(value)
    return str(value)


def edit(answers: Answers, texts: Mapping[str, str], *, folder: Path | None = None) -> Answers:
    """The answers with the values at dotted paths replaced by what was typed; relative paths are from `folder`.

    Raises Problem `answers-invalid` with every value that will not do. What is missing is not looked at: that is
    `faults`, once the form is filled in.
    """
    flat = values(answers)
    flaws = []
    for path, text in texts.items():
        made = written(table()[path], text, folder)
        if isinstance(made, Flaw):
            flaws.append(made.at(Place("form"), path))
        else:
            flat[path] = made
    if flaws:
        raise invalid("form", flaws)
    return build(flat)


def faults(answers: Answers, *, today: datetime.date | None = None) -> tuple[Flaw, ...]:
    """Everything that `load` would refuse in these answers, without places: values, what is missing, and the rules."""
    flat = values(answers)
    found = []
    for path, field in table().items():
        for text in flat[path] if field.kind is Kind.TEXTS else (value_text(field, flat[path]),):
            made = written(field, text)
            if isinstance(made, Flaw):
                found.append(made.at(Place(), path))
    faulty = {flaw.path for flaw in found}
    return (*found, *rules.examine(flat, answers.journey, faulty=faulty, today=today))
