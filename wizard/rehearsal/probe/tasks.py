"""Carrying out what a probe container was told, looking at the world in short holds so that others can act too."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from wizard import __version__
from wizard.rehearsal.apps.base import cell_of
from wizard.rehearsal.kube.api import Api
from wizard.rehearsal.probe.looks import look
from wizard.rehearsal.probe.stores import on_store
from wizard.rehearsal.probe.words import Coded, Usage, Words, parse

Say = Callable[[str], None]


def carry_out(
    api: Api, uid: str, container: str, argv: Sequence[str], say: Say, alive: Callable[[], bool]
) -> int:
    """Do what `argv` says inside a container; its exit code. Output goes to `say`, line by line."""
    try:
        words = parse(argv)
        if words.verb in ("load", "store"):
            return on_store(api, uid, container, words, say, alive)
        if words.verb == "version":
            say(json.dumps({"version": f"{__version__} (rehearsed)"}))
            return 0
        if words.verb in ("serve", "sleep"):
            raise Usage(f"{words.verb} is not run beside another program here")
        return _look(api, uid, container, words, say)
    except Coded as error:
        say(json.dumps({"outcome": "failed", "code": error.code, "detail": str(error)}))
        return 1


def _look(api: Api, uid: str, container: str, words: Words, say: Say) -> int:
    with api.open() as objects:
        cell = cell_of(api.site, objects, uid, container)
        if cell is None:
            return 137  # killed: the pod was deleted under it
        seen: list[dict[str, Any]] = list(look(cell, words))
    for line in seen:
        say(json.dumps(line))
    return 0
