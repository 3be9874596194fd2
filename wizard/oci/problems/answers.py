"""What the registry answered that was not expected: by status, with its own words."""

import json
from typing import Protocol

from wizard.engine.events import Evidence
from wizard.engine.problems import Problem, Remedy
from wizard.oci.problems.making import make


class Headers(Protocol):
    """Headers by name; http.client's are, a dict is."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""


CERTIFICATE = Remedy(
    "where it knows its users by certificates: --client-cert FILE --client-key FILE (answers: registry.clientCert)"
)
"""For a registry that asks for a client certificate and goes on without one, only to answer 401."""


def words(body: bytes, limit: int = 400) -> str:
    """The registry's own words: the messages of its JSON error body, else the first line of whatever it said."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        text = body[: limit * 2].decode("utf-8", "replace").strip()
        return " ".join(text.split())[:limit]
    errors = found.get("errors") if isinstance(found, dict) else None
    lines = []
    if isinstance(errors, list):
        for error in errors[:4]:
            if isinstance(error, dict):
                code, message = str(error.get("code", "")), str(error.get("message", ""))
                detail = error.get("detail")
                more = f" ({json.dumps(detail)})" if detail and detail != {} else ""
                lines.append(f"{code}: {message}{more}" if code else f"{message}{more}")
    elif isinstance(found, dict):
        lines = [str(found[k]) for k in ("error_description", "message", "details", "error") if found.get(k)][
            :1
        ]
    return "; ".join(lines)[:limit]


def is_html(headers: Headers, body: bytes) -> bool:
    """True where a web page came instead of an answer: a proxy's login, a wrong port, a captive portal."""
    return "html" in (headers.get("Content-Type") or "").lower() or body[:64].lstrip().lower().startswith(
        (b"<!doctype html", b"<html")
    )


def from_answer(
    host: str, asked: str, status: int, headers: Headers, body: bytes, *, user: str = ""
) -> Problem:
    """The family of an HTTP answer that was not expected. `asked` names the object: "blob sha256:… of host/name"."""
    said = words(body)
    evidence: dict[str, object] = {"host": host, "status": status, "asked": asked}
    if said:
        evidence["said"] = said
    detail = f"it answered {status}" + (f": {said}" if said else "")
    if status == 401:
        return refused_credentials(host, asked, detail, user=user, evidence=evidence)
    if status == 403:
        who = f"user {user}" if user else "nobody (no credentials were sent)"
        return Problem(
            "registry-forbidden",
            f"registry {host} forbids {asked}",
            detail=f"{detail}; asked as {who}",
            remedies=(
                Remedy("give this user the right to it, or use a user who has it"),
                Remedy(
                    "check that the project or repository exists: some registries say 403 for a missing one"
                ),
            ),
            evidence=evidence,
        )
    if status == 429:
        return Problem(
            "registry-rate-limited",
            f"registry {host} limits how often we may ask",
            detail=detail,
            remedies=(
                Remedy("wait, then run the same command again: what is there already is not sent twice"),
                Remedy("log in: anonymous users have the lowest limits", f"docker login {host}"),
                Remedy("use fewer connections: --jobs 2"),
            ),
            evidence=evidence,
        )
    if status == 413:
        return Problem(
            "registry-too-large",
            f"registry {host} refuses the size of {asked}",
            detail=detail,
            remedies=(
                Remedy("raise the body limit of the reverse proxy before it (nginx: client_max_body_size 0)"),
            ),
            evidence=evidence,
        )
    if status == 507:
        return Problem(
            "registry-full",
            f"registry {host} has no space left for {asked}",
            detail=detail,
            remedies=(Remedy("free space on the registry's storage, or raise the project's quota"),),
            evidence=evidence,
        )
    if is_html(headers, body):
        return broken(host, asked, f"it answered {status} with a web page, not with registry JSON")
    if status == 404:
        return Problem(
            "registry-not-found",
            f"registry {host} has no {asked}",
            detail=detail,
            remedies=(Remedy("check the spelling of the repository, and that this user may see it"),),
            evidence=evidence,
        )
    if status == 400 and b"HTTPS server" in body:
        return Problem(
            "registry-answers-https",
            f"registry {host} speaks HTTPS where plain HTTP was asked for",
            detail=detail,
            remedies=(Remedy("leave out --plain-http (answers: registry.plainHttp: false)"),),
            evidence=evidence,
        )
    if status >= 500:
        return broken(host, asked, detail)
    return Problem(
        "registry-refused-request",
        f"registry {host} refuses {asked}",
        detail=detail,
        remedies=(Remedy("read the registry's own words above, and its log"),),
        evidence=evidence,
    )


def refused_credentials(
    host: str, asked: str, detail: str, *, user: str = "", evidence: Evidence | None = None
) -> Problem:
    """401 with what we have."""
    title = f"registry {host} refuses the credentials" + (f" of user {user}" if user else "")
    if not user:
        title = f"registry {host} wants credentials, and there are none for it"
    return Problem(
        "registry-refused-credentials",
        title,
        detail=f"for {asked}: {detail}",
        remedies=(
            # docker's login is not looked at where the answers give credentials: those come first
            Remedy(
                ("correct" if user else "give")
                + " user name and password: in an answers file registry.username and registry.password (a reference)"
            ),
            Remedy("where none are given there, log in with a user who may do this", f"docker login {host}"),
            *(() if user else (CERTIFICATE,)),
        ),
        evidence=evidence or {"host": host},
    )


def broken(host: str, asked: str, why: str) -> Problem:
    """An answer that makes no sense, or 5xx that did not go away."""
    return make(
        "registry-broken",
        f"registry {host} does not answer as a registry for {asked}",
        why,
        "check that the host and port are those of the registry, not of its web page or of a proxy",
        "look at the registry's log, and run the same command again",
        host=host,
        asked=asked,
    )
