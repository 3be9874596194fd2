"""Apps with nothing to say: the cluster's DNS (its answers are in `net.names`), and images that idle."""

from wizard.rehearsal.apps.base import Cell, Request, Response, Started


class Idle:
    """Runs, listens nowhere."""

    def start(self, cell: Cell) -> Started:
        """Nothing happens."""
        return Started()

    def ready(self, cell: Cell) -> bool:
        """At once."""
        return True

    def handle(self, cell: Cell, request: Request) -> Response:
        """It does not listen, so nobody asks."""
        return Response(404)


class Dns(Idle):
    """CoreDNS."""

    def start(self, cell: Cell) -> Started:
        """It listens on the port that the world gives it."""
        return Started((".:53", "CoreDNS-1.12.1"), ports=(cell.site.described.dns.port, 8080))
