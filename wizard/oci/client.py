"""A registry host as seen by us: asks, logs in, follows redirects, waits and tries again, and names what went wrong."""

import threading
import time
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.oci import problems
from wizard.oci.address import absolute, origin
from wizard.oci.answer import Answer, TooLong
from wizard.oci.auth import Auth
from wizard.oci.progress import Progress
from wizard.oci.retry import AGAIN, retry_after
from wizard.oci.sites import Site

if TYPE_CHECKING:
    from wizard.oci.transport import Stream, Transport

_HOPS = 5  # redirects that are followed
_LOGINS = 2  # times that a 401 is answered with something new
_SAID = 64 * 1024  # bytes of an error body that are read
_SMALL = 1024 * 1024  # bytes of a token server's answer


class Client:
    """Asks one registry host. Thread-safe."""

    def __init__(self, transport: "Transport", site: Site, auth: Auth) -> None:
        self._transport, self.site, self.auth = transport, site, auth
        self.host = site.host
        self._base = urlsplit(site.base)
        self.one_post = True
        """Whether this registry may take a small blob with the first request; it is tried once."""
        self.piece = 0
        """Bytes of the largest piece that got through to this registry after a 413; 0 = whole blobs do."""
        self.shortest = 0
        """Bytes of the smallest piece that this registry takes but as the last one (OCI-Chunk-Min-Length)."""
        self._not_before = 0.0
        self.lists = threading.Lock()
        """Held while a list that lives under a tag is read, changed and written."""

    def url(self, path: str) -> str:
        """The URL of a path under /v2/ on this host."""
        return f"{self.site.base.rstrip('/')}/v2/{path}"

    def location(self, asked: str, header: str | None) -> str:
        """The absolute URL of a Location header. Behind a TLS proxy registries say http:// of themselves: kept on our base.

        Raises Problem `registry-broken` where there is none, `registry-redirect-refused` for a downgrade.
        """
        if not header:
            raise problems.broken(self.host, asked, "it accepted the upload but named no Location")
        url = absolute(header, self.site.base.rstrip("/") + "/")
        if url is None:
            raise problems.redirect(self.host, "its Location is no web address", header)
        if url.hostname == self._base.hostname and url.scheme != self._base.scheme:
            url = url._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        if url.scheme == "http" and self._base.scheme == "https":
            raise problems.redirect(self.host, "from HTTPS to plain HTTP", header)
        return url.geturl()

    def ask(
        self,
        method: str,
        url: str,
        *,
        asked: str,
        scopes: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        body: "bytes | Stream | None" = None,
        expect: Container[int] = (200,),
        tries: int = 0,
        progress: Progress | None = None,
    ) -> Answer:
        """Ask until there is an answer whose status is expected; anything else becomes a Problem.

        `asked` names the object in messages. A streamed body is sent once (its maker resumes), but a 401 or a
        redirect before any of it was taken is answered. Waits as `Retries` says; `tries` overrides how often.
        """
        retries = self._transport.retries
        stop = progress.stop if progress else self._transport.stop
        most = tries or retries.tries
        attempt = 0
        while True:
            self._hold(stop)
            after: float | None = None
            try:
                answer = self._authenticated(method, url, asked, scopes, headers or {}, body)
            except OSError as error:
                problem = problems.from_os_error(
                    error, self.host, f"{self._base.scheme}://{self._base.netloc}"
                )
                hopeless = problem.code.startswith("registry-tls") or problem.code in _HOPELESS
            else:
                if answer.status in expect:
                    return answer
                hopeless = answer.status not in AGAIN
                if hopeless and method == "HEAD":
                    answer = self._with_words(answer, url, asked, scopes, headers or {})
                problem = self._problem(answer, asked)
                after = retry_after(answer.headers.get("Retry-After")) if not hopeless else None
            attempt += 1
            if after is not None:
                problem.evidence = {**problem.evidence, "retryAfter": round(after)}
                problem.detail += f"; it asks us to wait {after:.0f} s"
            if after is not None and after <= retries.patience:
                # it speaks to all our threads, not to this one alone, and to whoever goes on in our place
                self._not_before = max(self._not_before, time.monotonic() + retries.delay(0, after))
            if hopeless or attempt >= most or (after or 0) > retries.patience:
                problem.evidence = {**problem.evidence, "tries": attempt}
                raise problem
            if progress is not None:
                progress.retry()
            wait = retries.delay(attempt - 1, after)
            if problem.code == "registry-rate-limited":
                self._not_before = max(self._not_before, time.monotonic() + wait)
            stop.wait(wait)

    def _hold(self, stop: Stop) -> None:
        """Wait as long as this host asked all of us to."""
        stop.check()
        while (wait := self._not_before - time.monotonic()) > 0:
            stop.wait(wait)

    def _with_words(
        self, answer: Answer, url: str, asked: str, scopes: tuple[str, ...], headers: Mapping[str, str]
    ) -> Answer:
        """The same refusal with a body: an answer to HEAD cannot say why."""
        try:
            spoken = self._authenticated("GET", url, asked, scopes, headers, None)
        except (OSError, Problem):
            return answer
        if spoken.status == answer.status:
            return spoken
        spoken.close()
        return answer

    def _problem(self, answer: Answer, asked: str) -> Problem:
        headers = dict(answer.headers.items())
        body = answer.peek(_SAID)
        return problems.from_answer(self.host, asked, answer.status, headers, body, user=self.auth.user)

    def _authenticated(
        self,
        method: str,
        url: str,
        asked: str,
        scopes: tuple[str, ...],
        headers: Mapping[str, str],
        body: "bytes | Stream | None",
    ) -> Answer:
        logins = 0
        while True:
            credential = self.auth.header(scopes)
            answer = self._redirected(method, urlsplit(url), headers, credential, body)
            if answer.status != 401:
                return answer
            offers = answer.headers.get_all("WWW-Authenticate") or []
            said = problems.words(answer.peek(_SAID))
            if logins >= _LOGINS or answer.url != url:
                raise problems.refused_credentials(
                    self.host, asked, f"it goes on answering 401; {said}", user=self.auth.user
                )
            logins += 1
            self.auth.challenged(offers, scopes, credential, asked, f"it answered 401: {said}")

    def _redirected(
        self,
        method: str,
        url: SplitResult,
        headers: Mapping[str, str],
        credential: str,
        body: "bytes | Stream | None",
    ) -> Answer:
        for _ in range(_HOPS + 1):
            ours = self._ours(url)
            sent = {**headers, "Authorization": credential} if credential and ours else dict(headers)
            answer = self._transport.exchange(self.site, url, method, sent, body)
            follow = (301, 302, 303, 307, 308) if method in ("GET", "HEAD") else (307, 308)
            target = answer.headers.get("Location")
            if answer.status not in follow or not target:
                return answer
            answer.peek(_SAID)
            there = absolute(target, url.geturl())
            if there is None:
                raise problems.redirect(self.host, "its target is no web address", target)
            if url.scheme == "https" and there.scheme == "http":
                raise problems.redirect(self.host, "from HTTPS to plain HTTP", target)
            url = there
        raise problems.redirect(self.host, f"more than {_HOPS} redirects, the last one", url.geturl())

    def _ours(self, url: SplitResult) -> bool:
        # credentials go to the registry itself, or to nobody: an object store's URL carries its own
        return origin(url) == origin(self._base)

    def fetch(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A small document from a URL (a token server): any status, no login, headers as given. Raises Problem."""
        parts = urlsplit(url)
        retries = self._transport.retries
        for attempt in range(retries.tries):
            last = attempt + 1 == retries.tries
            try:
                answer = self._transport.exchange(self.site, parts, method, headers, body)
                if answer.status not in AGAIN or last:
                    return answer.status, dict(answer.headers.items()), answer.read(_SMALL)
                after = retry_after(answer.headers.get("Retry-After"))
                answer.peek(_SAID)
                if after is not None and after > retries.patience:
                    return answer.status, dict(answer.headers.items()), b""
            except TooLong:
                raise problems.broken(self.host, "a token", "the token server's answer has no end") from None
            except OSError as error:
                problem = problems.from_os_error(
                    error, parts.hostname or self.host, f"{parts.scheme}://{parts.netloc}"
                )
                if last or problem.code.startswith("registry-tls") or problem.code in _HOPELESS:
                    raise problem from None
                after = None
            self._transport.stop.wait(retries.delay(attempt, after))
        raise AssertionError("the last try returns or raises")


_HOPELESS = {"registry-name-unknown", "registry-answers-plain-http", "registry-proxy-refused"}
