"""Requests to the API server: JSON in, JSON out, time-outs, retries of what is safe to ask again."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import urlencode

from wizard.cluster.problems import unreachable
from wizard.cluster.real.errors import refused
from wizard.engine.events import Say
from wizard.engine.problems import Problem, Stopped
from wizard.engine.stop import Stop

T = TypeVar("T")
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between tries while the API server is away: a minute in all, as a restart of it takes."""
SETTLE = 15.0
"""Seconds after an absence in which a refusal is not believed: an API server answers before it has read who may do what."""
_POLL, GRACE = 0.2, 3.0
"""Seconds: how often a stop is looked for while an answer is waited for; how long one may take after a stop."""


def _nobody_hears(_text: str, _level: str) -> None:
    """Where no run is."""


class Api:
    """A thin layer over the official client's transport (its credentials, TLS and connection pool)."""

    def __init__(self, client: Any, pauses: Sequence[float] = PAUSES, stop: Stop | None = None) -> None:
        self.client = client
        self.stop = stop or Stop()
        self.say: Say = _nobody_hears
        """Whom to tell that the server is away, and that it is back."""
        self._pauses = pauses
        self._away = -SETTLE  # when it was last away
        self._told = False  # that it is away
        self._lock = threading.Lock()

    def json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
        what: str = "",
    ) -> Any:
        """The parsed answer.

        Raises Problem `cluster-refused`, `cluster-forbidden`, `cluster-unreachable`; Stopped where a stop is asked for
        while the server is away or does not answer.
        """
        return json.loads(self.raw(method, path, query, body, content, what) or b"null")

    def raw(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
        what: str = "",
    ) -> bytes:
        """The answer's bytes. Asks again while the server is away: every request of ours may be repeated
        (reads, server-side apply, deletes), and who creates recognises its own work in a 409."""
        told = what or f"{method} {path}"
        return self.patiently(
            lambda: self._stoppable(lambda: self._once(method, path, query, body, content, told))
        )

    def patiently(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer, while the server is away; its last problem when patience ends.

        Raises Stopped instead of asking again. After a stop everything is still asked once, so that what was made is
        removed where the server is there.
        """
        for pause in self._pauses:
            try:
                return self._heard(ask)
            except Problem as problem:
                now = time.monotonic()
                if problem.code == "cluster-unreachable":
                    self._away = now
                    seconds = f"{sum(self._pauses):.0f} s"
                    self._tell(True, f"the API server does not answer; asking again for up to {seconds}")
                elif problem.code != "cluster-forbidden" or now - self._away > SETTLE:
                    raise
                self.stop.wait(pause)
        return self._heard(ask)

    def _heard(self, ask: Callable[[], T]) -> T:
        """An answer, and an end of the absence."""
        answer = ask()
        self._tell(False, "the API server answers again")
        return answer

    def _tell(self, away: bool, words: str) -> None:
        """Once for each absence, whichever thread meets it."""
        with self._lock:
            if self._told == away:
                return
            self._told = away
        self.say(words, "warning" if away else "info")

    def _stoppable(self, ask: Callable[[], T]) -> T:
        """A blocked request cannot be interrupted: it is left to a thread, and to itself once a stop is asked for."""
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(ask())
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=work, name="api-request", daemon=True).start()
        end = 0.0
        while True:
            try:
                return answer.result(_POLL)
            except TimeoutError:
                if answer.done():
                    continue
            if self.stop.asked:
                end = end or time.monotonic() + GRACE
                if time.monotonic() > end:
                    raise Stopped

    def close(self) -> None:
        """Close the connections."""
        self.client.rest_client.pool_manager.clear()
        self.client.close()

    def _once(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Any, content: str, what: str
    ) -> bytes:
        import urllib3

        client = self.client
        headers = {"Accept": "application/json", "Content-Type": content, "User-Agent": "airgap-wizard"}
        # asked of the configuration: the client's own method has changed its signature between versions
        for setting in client.configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        url = client.configuration.host + path + ("?" + urlencode(query) if query else "")
        try:
            answer = client.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreachable(str(error), what) from None
        if answer.status >= 400:
            raise refused(what, answer.status, answer.data)
        data: bytes = answer.data
        return data
