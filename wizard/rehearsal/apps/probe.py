"""The probe's image: it serves, sleeps, or looks at something and ends (see `wizard.rehearsal.probe`)."""

import json

from wizard.rehearsal.apps.base import Cell, Request, Response, Started
from wizard.rehearsal.probe.words import Usage, parse


class Probe:
    """What it does follows from its command."""

    def start(self, cell: Cell) -> Started:
        """`serve` and `sleep` run here; every other word is a task that whoever waits for it carries out."""
        try:
            words = parse(cell.argv)
            if words.verb == "serve":
                port = int(words.operands[0].rpartition(":")[2])
                return Started((), ports=(port,), lasts=words.seconds("for", 300.0))
            if words.verb == "sleep":
                return Started((), lasts=max(0.001, float(words.operands[0])))
        except (Usage, IndexError, ValueError) as error:
            said = {"outcome": "failed", "code": "usage", "detail": str(error)}
            return Started((), json.dumps(said), 1)
        return Started((), task=True)

    def ready(self, cell: Cell) -> bool:
        """At once."""
        return True

    def handle(self, cell: Cell, request: Request) -> Response:
        """The listener of the enforcement experiment."""
        return Response(200, "ok")
