"""A request and its reply, free of any HTTP library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs

from wizard.oci.server.refusal import Refusal
from wizard.oci.server.storage import BlobReader, Source


class Body(Source, Protocol):
    """A request's body. `length` is None for chunked transfer coding."""

    @property
    def length(self) -> int | None:
        """Bytes that the sender announced."""


@dataclass(slots=True)
class Request:
    """One request. `header` answers "" for what was not sent."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    header: Callable[[str], str]
    body: Body

    def first(self, key: str) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(key)
        return values[0] if values else None

    @staticmethod
    def parse_query(text: str) -> dict[str, list[str]]:
        """Query parameters. Raises Refusal for more than 100."""
        try:
            return parse_qs(text, keep_blank_values=True, max_num_fields=100)
        except ValueError as error:
            raise Refusal("UNSUPPORTED", "too many query parameters", status=414) from error


@dataclass(slots=True)
class Reply:
    """One answer: `body`, or bytes [start, stop) of an open `blob` (whoever sends it closes it).

    A `head` reply announces `length` and sends no body.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    blob: BlobReader | None = None
    start: int = 0
    stop: int = 0

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.stop - self.start if self.blob is not None else len(self.body)
