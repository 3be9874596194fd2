"""Authentication with one registry, as docker does it: anonymous, basic, or bearer tokens from a token server.

Specification: distribution's token authentication (auth/token, auth/oauth, auth/scope). Tokens are kept until
shortly before they expire and fetched once for all threads.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from wizard.engine.secrets import Secret
from wizard.oci import challenge, problems
from wizard.oci.address import absolute
from wizard.oci.credentials import Credentials

_CLIENT = "airgap-wizard"
_LIFE = 60.0  # seconds a token lives where the server does not say (token specification)
_MARGIN = 10.0  # seconds before its end at which a token is no longer used

Fetch = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, Mapping[str, str], bytes]]
"""(method, url, headers, body) → (status, headers, body), without authentication and redirects to elsewhere."""


def scope(repository: str, actions: str) -> str:
    """A repository scope: `pull`, `pull,push` or `delete`."""
    return f"repository:{repository}:{actions}"


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    until: float


class Auth:
    """Knows how one registry wants to be asked, and asks its token server. Thread-safe."""

    def __init__(self, host: str, plain: bool, find: Callable[[], Credentials | None], fetch: Fetch) -> None:
        self._host, self._plain, self._fetch = host, plain, fetch
        self._find = find
        self._lock = threading.Lock()
        self._looked = False
        self._found: Credentials | None = None
        self._basic = False
        self._realm = self._service = ""
        self._more: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tokens: dict[tuple[str, ...], _Token] = {}

    def _credentials(self) -> Credentials | None:
        if not self._looked:
            self._found = self._find()
            self._looked = True
        return self._found

    @property
    def user(self) -> str:
        """Who we are, for messages; "" = nobody."""
        if self._found is None:
            return ""
        return self._found.username or "(token)"

    def header(self, scopes: tuple[str, ...]) -> str:
        """The Authorization header for these scopes, "" where none is known to be needed. Raises Problem."""
        with self._lock:
            if self._realm:
                return self._token(scopes)
            if self._basic and (known := self._credentials()):
                return known.basic
            return ""

    def challenged(
        self, offers: Iterable[str], scopes: tuple[str, ...], used: str, asked: str, said: str
    ) -> None:
        """Learn from a 401 that `used` got. Returns where another try is worth it, else raises Problem."""
        found = challenge.parse(offers)
        bearer = next((c for c in found if c.scheme == "bearer" and c.parameters.get("realm")), None)
        with self._lock:
            known = self._credentials()
            if bearer is not None:
                self._learn(bearer, scopes, used)
                return
            if any(c.scheme == "basic" for c in found) and known is not None and known.basic:
                if used == known.basic:
                    raise problems.refused_credentials(self._host, asked, said, user=known.username)
                self._basic = True
                return
        if found:
            schemes = ", ".join(c.scheme for c in found)
            raise problems.refused_credentials(
                self._host, asked, f"it offers {schemes}; {said}", user=known.username if known else ""
            )
        raise problems.refused_credentials(
            self._host, asked, f"it answered 401 without saying how to log in; {said}", user=self.user
        )

    def _learn(self, bearer: challenge.Challenge, scopes: tuple[str, ...], used: str) -> None:
        realm = absolute(bearer.parameters["realm"])
        if realm is None:
            raise problems.redirect(
                self._host, "its token server has no web address", bearer.parameters["realm"]
            )
        self._realm = realm.geturl()
        self._service = bearer.parameters.get("service", "")
        asked = tuple(part for part in bearer.parameters.get("scope", "").split(" ") if part)
        extra = tuple(part for part in asked if not _covered(part, scopes))
        if extra:
            self._more[scopes] = extra
        token = self._tokens.get(scopes)
        if token is not None and token.header == used:
            del self._tokens[scopes]  # expired early, or revoked

    def _token(self, scopes: tuple[str, ...]) -> str:
        kept = self._tokens.get(scopes)
        if kept is not None and time.monotonic() < kept.until:
            return kept.header
        known = self._credentials()
        if known is not None and known.token is not None:
            return f"Bearer {known.token.reveal()}"
        token, life = self._ask(known, (*scopes, *self._more.get(scopes, ())))
        made = _Token(f"Bearer {Secret(token).reveal()}", time.monotonic() + max(life - _MARGIN, life / 2))
        self._tokens[scopes] = made
        return made.header

    def _ask(self, known: Credentials | None, scopes: tuple[str, ...]) -> tuple[str, float]:
        realm = urlsplit(self._realm)
        if realm.scheme != "https" and not (realm.scheme == "http" and self._plain):
            raise problems.redirect(
                self._host, "its token server is not HTTPS, credentials stay here", self._realm
            )
        if known is not None and known.identity is not None:
            form = {
                "grant_type": "refresh_token",
                "service": self._service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
                "refresh_token": known.identity.reveal(),
            }
            return self._read(
                self._fetch(
                    "POST",
                    self._realm,
                    {"Content-Type": "application/x-www-form-urlencoded"},
                    urlencode(form).encode(),
                ),
                known,
            )
        query = [("service", self._service)] if self._service else []
        query += [("scope", one) for one in scopes]
        headers = {}
        if known is not None and known.basic:
            headers["Authorization"] = known.basic
            query += [("account", known.username), ("client_id", _CLIENT)]
        url = self._realm + ("&" if realm.query else "?") + urlencode(query)
        return self._read(self._fetch("GET", url, headers, None), known)

    def _read(
        self, answer: tuple[int, Mapping[str, str], bytes], known: Credentials | None
    ) -> tuple[str, float]:
        status, headers, body = answer
        asked = f"a token from {urlsplit(self._realm).netloc}"
        user = (known.username or "(token)") if known else ""
        if status in (400, 401, 403):
            said = problems.words(body)
            raise problems.refused_credentials(
                self._host,
                asked,
                f"the token server answered {status}" + (f": {said}" if said else ""),
                user=user,
            )
        if status != 200:
            raise problems.from_answer(self._host, asked, status, headers, body, user=user)
        try:
            data = json.loads(body)
            token = data.get("token") or data["access_token"]
            life = float(data.get("expires_in") or _LIFE)
        except (ValueError, OverflowError, KeyError, TypeError, AttributeError, RecursionError):
            raise problems.broken(self._host, asked, "the token server's answer holds no token") from None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
            raise problems.broken(self._host, asked, "the token server's token is no text")
        following = data.get("refresh_token")
        if known is not None and known.identity is not None and isinstance(following, str) and following:
            self._found = replace(known, identity=Secret(following))  # the old one may be good no longer
        return token, max(life, 1.0)


def _covered(wanted: str, scopes: tuple[str, ...]) -> bool:
    kind, _, rest = wanted.partition(":")
    name, _, actions = rest.rpartition(":")
    for have in scopes:
        have_kind, _, have_rest = have.partition(":")
        have_name, _, have_actions = have_rest.rpartition(":")
        if (kind, name) == (have_kind, have_name) and set(actions.split(",")) <= set(have_actions.split(",")):
            return True
    return False
