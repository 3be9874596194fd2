"""The log as lines on a stream, written by one thread: a slow reader of the log never slows a transfer."""

import dataclasses
import json
import queue
import threading
import time
from types import TracebackType
from typing import TextIO

from wizard.oci.server.log import Access, Trouble

WAITING = 10_000
"""Events that may wait to be written; further ones are dropped, and counted."""


class Printer:
    """A `Log` that writes plain or JSON lines: `with Printer(sys.stderr) as log: RegistryServer(…, log=log)`."""

    def __init__(self, stream: TextIO, *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json
        self._queue: queue.Queue[Access | Trouble | None] = queue.Queue(WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="registry log", daemon=True)

    def __call__(self, event: Access | Trouble) -> None:
        """Take an event; never blocks."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._dropped += 1

    def __enter__(self) -> "Printer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join(5.0)

    def _write(self) -> None:
        while (event := self._queue.get()) is not None:
            lines = [self._line(event)]
            if self._dropped:
                lines.append(self._line(Trouble(time.time(), "", f"{self._dropped} log lines dropped")))
                self._dropped = 0
            try:
                self._stream.write("".join(line + "\n" for line in lines))
                self._stream.flush()
            except (OSError, ValueError):
                # Whoever read the log went away; the registry goes on.
                continue

    def _line(self, event: Access | Trouble) -> str:
        if self._as_json:
            kind = "access" if isinstance(event, Access) else "trouble"
            return json.dumps({"kind": kind, **dataclasses.asdict(event)})
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.at))
        if isinstance(event, Trouble):
            return printable(f"{when} trouble {event.client or '-'} {event.text}") + (
                "\n" + event.detail.rstrip() if event.detail else ""
            )
        return printable(
            f"{when} {event.status} {event.method} {event.path} {event.client} user={event.user or '-'}"
            f" in={event.received} out={event.sent} {event.seconds:.3f}s {event.agent}"
        )


def printable(text: str) -> str:
    """One line without control characters: what a client sent must not forge lines or drive a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
