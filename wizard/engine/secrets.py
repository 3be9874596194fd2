"""Secrets are references (`env:NAME`, `file:PATH`, `prompt`); values exist only between `resolve` and their use."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.problems import Problem, Remedy
from wizard.engine.redact import redactor

_ENV = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*\Z")
EXPECTED = "env:NAME, file:PATH or prompt"

Prompter = Callable[[str], str]
"""Asks a person for the value named by the argument, without echo."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is to be found; never the secret itself."""

    where: str

    @classmethod
    def parse(cls, text: str) -> "SecretRef | None":
        """The reference written as `text`, or None where `text` is no reference (a literal, say)."""
        if text == "prompt" or _ENV.match(text) or (text.startswith("file:") and len(text) > 5):
            return cls(text)
        return None

    def __str__(self) -> str:
        return self.where


class Secret:
    """A resolved value. It never prints itself; `.reveal()` is the one, greppable way to the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        redactor.learn(value)
        self._value = value

    def reveal(self) -> str:
        """The value. Call this at the last moment, at the place where it is used."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


def resolve(ref: SecretRef, name: str, prompter: Prompter | None = None) -> Secret:
    """The value behind `ref`; `name` says in messages what it is for.

    Raises Problem `secret-not-found` (exit 2): variable unset or empty, file absent, unreadable or empty,
    or a prompt where nobody can be asked.
    """
    if ref.where == "prompt":
        if prompter is None:
            raise _missing(
                name, ref, "there is no terminal to ask at", "use env:NAME or file:PATH for headless runs"
            )
        return Secret(prompter(name))
    kind, _, rest = ref.where.partition(":")
    if kind == "env":
        value = os.environ.get(rest, "")
        if not value:
            raise _missing(
                name, ref, f"the environment variable {rest} is not set", f"export {rest} and run again"
            )
        return Secret(value)
    path = Path(rest).expanduser()
    try:
        value = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise _missing(
            name, ref, f"{path} cannot be read: {error}", "make the file readable to you alone"
        ) from None
    if not value:
        raise _missing(name, ref, f"{path} is empty", "write the secret into it")
    return Secret(value)


def _missing(name: str, ref: SecretRef, why: str, do: str) -> Problem:
    return Problem(
        "secret-not-found",
        f"no value for {name} ({ref})",
        detail=why,
        remedies=(Remedy(do),),
        exit_code=2,
    )
