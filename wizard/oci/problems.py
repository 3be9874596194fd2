"""Registry errors as families: each a Problem with a stable code, the object's full name, and what to do.

Everything here is made of three facts: which host, what was asked of it, and the registry's own words.
"""

import difflib
import errno
import json
import ssl
from collections.abc import Iterable
from typing import Protocol

from wizard.engine.events import Evidence
from wizard.engine.problems import Problem, Remedy
from wizard.oci.descriptor import Malformed
from wizard.oci.wire import ProxyRefused, Stalled


class Headers(Protocol):
    """Headers by name; http.client's are, a dict is."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""


def _problem(code: str, title: str, detail: str, *remedies: str | Remedy, **evidence: object) -> Problem:
    made = tuple(r if isinstance(r, Remedy) else Remedy(r) for r in remedies)
    return Problem(code, title, detail=detail, remedies=made, evidence=dict(evidence))


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


# --- the way to the registry -----------------------------------------------------------------------------------


def from_os_error(error: OSError, host: str, address: str) -> Problem:
    """What went wrong between us and `host`, reached at `address` (a URL's scheme, host and port)."""
    text = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError | ssl.CertificateError):
        return _tls(error, host, address)
    if type(error).__name__ == "gaierror":
        return _problem(
            "registry-name-unknown",
            f"the name of registry {host} does not resolve",
            f"{address}: {text}",
            Remedy(
                "check the spelling, and that this machine's DNS knows the name",
                f"getent hosts {_bare(address)}",
            ),
            "where there is no DNS, add the name to /etc/hosts",
            host=host,
        )
    if isinstance(error, ConnectionRefusedError):
        return _problem(
            "registry-refused",
            f"registry {host} refuses connections",
            f"nothing listens at {address}",
            "check that the registry is running, and the port in its name",
            host=host,
        )
    if isinstance(error, ProxyRefused):
        return proxy(host, text)
    if isinstance(error, Stalled):
        return stalled(host, text, address=address)
    if isinstance(error, TimeoutError) or error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return _problem(
            "registry-unreachable",
            f"there is no way to registry {host}",
            f"{address}: {text}"
            + (", as where a firewall drops packets" if isinstance(error, TimeoutError) else ""),
            "check routes and firewalls between this machine and the registry",
            "if this side is meant to be isolated from it, mirror through a layout: SRC=layout:DIR, carry DIR over",
            host=host,
        )
    return _problem(
        "registry-cut",
        f"registry {host} broke the connection",
        f"{address}: {text}",
        "run the same command again: what is there already is not sent twice",
        "where it always happens at the same size, look for a proxy or firewall with a limit",
        host=host,
    )


def _bare(address: str) -> str:
    return address.rpartition("//")[2].partition("/")[0].rpartition(":")[0] or address


def stalled(host: str, what: str, *, address: str = "") -> Problem:
    """No byte moved for too long. `what` says in which direction, and after which reply."""
    return _problem(
        "registry-stalled",
        f"registry {host} went silent",
        f"{address}: {what}" if address else what,
        "run the same command again: it goes on where it stopped",
        "a slow transfer is no stall: only silence counts; check the link, the registry's disk and its log",
        host=host,
    )


def _tls(error: OSError, host: str, address: str) -> Problem:
    reason = str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or error)
    low = f"{reason} {error}".lower()
    probe = Remedy(
        "look at the certificate it shows", f"openssl s_client -connect {address.rpartition('//')[2]}"
    )
    if "wrong_version_number" in low or "wrong version number" in low or "http request" in low:
        return _problem(
            "registry-answers-plain-http",
            f"registry {host} speaks plain HTTP where HTTPS was expected",
            f"{address}: {reason}",
            "give the registry a certificate",
            "on a loopback or lab registry only: --plain-http (answers: registry.plainHttp: true)",
            host=host,
        )
    if "hostname mismatch" in low or "ip address mismatch" in low or "doesn't match" in low:
        return _problem(
            "registry-tls-wrong-name",
            f"the certificate of registry {host} is for another name",
            reason,
            "use the name that is in the certificate, or have the certificate made anew with this name in it",
            probe,
            host=host,
        )
    if "expired" in low or "not yet valid" in low:
        return _problem(
            "registry-tls-expired",
            f"the certificate of registry {host} is not valid today",
            reason,
            Remedy("check this machine's clock first: air-gapped clocks drift", "date -u"),
            "renew the registry's certificate",
            probe,
            host=host,
        )
    if "self-signed" in low or "self signed" in low or "unable to get" in low or "unknown ca" in low:
        return _problem(
            "registry-tls-unknown-ca",
            f"registry {host} has a certificate signed by an authority that is not known here (x509: unknown authority)",
            reason,
            "name the private CA's PEM file: --ca-file FILE (answers: registry.caFile)",
            probe,
            host=host,
        )
    if "alert" in low and ("certificate" in low or "handshake" in low):
        return _problem(
            "registry-tls-client-certificate",
            f"registry {host} wants a client certificate, or refuses the one it got",
            reason,
            "name the certificate and its key: --client-cert FILE --client-key FILE (answers: registry.clientCert)",
            "check that the registry trusts the CA that signed it, and that it has not expired",
            host=host,
        )
    return _problem(
        "registry-tls-failed",
        f"no TLS connection with registry {host}",
        f"{address}: {reason}",
        probe,
        "check that the port speaks TLS, and for a proxy that inspects TLS between here and there",
        host=host,
    )


def tls_file(error: Exception, what: str, path: object) -> Problem:
    """A CA, client certificate or key file that cannot be used."""
    return _problem(
        "registry-tls-file",
        f"the {what} {path} cannot be used",
        str(error) or type(error).__name__,
        "it must be a readable PEM file; a key must belong to its certificate and have no passphrase",
        file=str(path),
    )


def proxy(host: str, why: str) -> Problem:
    """A proxy that would not let us through to the registry."""
    return _problem(
        "registry-proxy-refused",
        f"the proxy on the way to registry {host} did not let us through",
        why,
        "check HTTPS_PROXY and HTTP_PROXY",
        Remedy("an internal registry is usually reached without the proxy", f"export NO_PROXY={host}"),
        host=host,
    )


def redirect(host: str, why: str, target: str) -> Problem:
    """A redirect that is not followed."""
    return _problem(
        "registry-redirect-refused",
        f"registry {host} redirects where we do not follow",
        f"{why}: {target[:200]}",
        "check the registry's external URL and the reverse proxy in front of it",
        host=host,
    )


# --- what the registry answered --------------------------------------------------------------------------------


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
            Remedy("log in with a user who may do this", f"docker login {host}"),
            Remedy("in an answers file: registry.username and registry.password (a reference)"),
        ),
        evidence=evidence or {"host": host},
    )


def broken(host: str, asked: str, why: str) -> Problem:
    """An answer that makes no sense, or 5xx that did not go away."""
    return _problem(
        "registry-broken",
        f"registry {host} does not answer as a registry for {asked}",
        why,
        "check that the host and port are those of the registry, not of its web page or of a proxy",
        "look at the registry's log, and run the same command again",
        host=host,
        asked=asked,
    )


def credential_helper(host: str, helper: str, why: str) -> Problem:
    """A docker credential helper that failed."""
    return _problem(
        "credential-helper-failed",
        f"the credential helper docker-credential-{helper} failed for {host}",
        why,
        Remedy("try it by hand", f"echo {host} | docker-credential-{helper} get"),
        "or log in without a helper, into a config.json of its own: export DOCKER_CONFIG=DIR",
        host=host,
        helper=helper,
    )


def docker_config(path: object, why: str) -> Problem:
    """A config.json that cannot be read."""
    return _problem(
        "docker-config-invalid",
        f"docker's configuration {path} cannot be used",
        why,
        "mend or remove the file; `docker login HOST` writes it anew",
        file=str(path),
    )


# --- content ---------------------------------------------------------------------------------------------------


def tag_not_found(store: str, ref: str, tags: Iterable[str]) -> Problem:
    """No such tag; says which there are, nearest first."""
    known = list(tags)
    near = difflib.get_close_matches(ref, known, n=5, cutoff=0.4)
    rest = [tag for tag in reversed(known) if tag not in near]
    shown = (near + rest)[:8]
    detail = f"it has {len(known)} tags: {', '.join(shown)}" + (", …" if len(known) > len(shown) else "")
    remedies = [Remedy(f"did you mean {store}:{near[0]}?")] if near else []
    return Problem(
        "tag-not-found",
        f"there is no {'manifest' if ':' in ref else 'tag'} {ref} in {store}",
        detail=detail if known else "it has no tags, or does not exist, or may not be seen by this user",
        remedies=(
            *remedies,
            Remedy("check the repository's name and the tag, and that the image was published"),
        ),
        evidence={"store": store, "ref": ref, "tags": shown},
    )


def blob_not_found(store: str, digest: str) -> Problem:
    """A blob that a manifest names and the store lacks."""
    return _problem(
        "blob-not-found",
        f"blob {digest} is missing in {store}",
        "a manifest there names it, but the content is gone (an unfinished push, or a clean-up that went too far)",
        "push the image to the source again, or take it from another source",
        store=store,
        digest=digest,
    )


def digest_mismatch(what: str, expected: str, got: str) -> Problem:
    """Bytes that are not what their digest says."""
    return _problem(
        "digest-mismatch",
        f"{what} is not what its digest says",
        f"expected {expected}, got {got}",
        "nothing of it was kept or published; run the same command again",
        "where it comes back: a damaged disk or medium, a proxy that alters content, or tampering; find out which",
        expected=expected,
        got=got,
    )


def truncated(what: str, expected: int, got: int) -> Problem:
    """A blob that ended before, or ran past, its size."""
    return _problem(
        "blob-truncated",
        f"{what} has not the size its manifest says",
        f"expected {expected} bytes, got {got}" + (" or more" if got > expected else ""),
        "run the same command again; where it comes back, the source's copy is damaged: push it there again",
        expected=expected,
        got=got,
    )


def manifest_invalid(store: str, ref: str, error: Malformed | str) -> Problem:
    """A manifest that is not one."""
    return _problem(
        "manifest-invalid",
        f"the manifest {ref} in {store} is not valid",
        str(error),
        "the image was built or stored wrongly: build or push it to the source again",
        store=store,
        ref=ref,
    )


def manifest_too_large(store: str, ref: str, size: int, limit: int) -> Problem:
    """A manifest over the limit."""
    return _problem(
        "manifest-too-large",
        f"the manifest {ref} in {store} is larger than any manifest may be",
        f"{size} bytes or more; the limit is {limit}",
        "check that the reference is that of an image, and that the host is a registry",
        store=store,
        ref=ref,
    )


def schema1(store: str, ref: str, media_type: str) -> Problem:
    """An image in a format that was withdrawn."""
    return _problem(
        "manifest-schema1-refused",
        f"{store}:{ref} is in Docker's old schema 1 format"
        if ":" not in ref
        else f"{ref} in {store} is in schema 1",
        f"{media_type}: its digest depends on signatures inside it, so it cannot be carried unchanged; containerd 2 does not run it",
        "pull it with an old docker, tag and push it again: that makes a current manifest",
        store=store,
        ref=ref,
    )


def media_type_unknown(store: str, ref: str, media_type: str) -> Problem:
    """A manifest of a kind that we cannot walk."""
    return _problem(
        "manifest-invalid",
        f"the manifest {ref} in {store} is of a kind that is not known here",
        f"media type {media_type or 'missing'}",
        "check that the reference is that of an image or artefact",
        store=store,
        ref=ref,
    )


def index_incomplete(target: str, ref: str, missing: Iterable[str], said: str) -> Problem:
    """A target that wants every platform of an index."""
    return _problem(
        "index-incomplete-refused",
        f"{target} does not take an index of which only some platforms were copied",
        f"{ref}: {said}; left out: {', '.join(missing)}",
        "copy every platform (answers: images.platforms: [all]; mirror: leave out --platform)",
        "or copy one platform by its own digest",
        target=target,
        ref=ref,
    )


def platform_not_found(store: str, ref: str, wanted: Iterable[str], has: Iterable[str]) -> Problem:
    """An index without a platform that was asked for."""
    return _problem(
        "platform-not-found",
        f"{store}:{ref} does not exist for {', '.join(wanted)}",
        f"it exists for {', '.join(has) or 'no platform that it names'}",
        "leave the platform out, or use a tag that was built for it",
        store=store,
        ref=ref,
    )


def layout_invalid(path: object, why: str) -> Problem:
    """A folder that is no image layout."""
    return _problem(
        "layout-invalid",
        f"{path} is no OCI image layout",
        why,
        "name the folder that holds `oci-layout` and `index.json`",
        file=str(path),
    )


def disk_full(path: object, needed: int, free: int) -> Problem:
    """No room. Sizes in bytes."""
    return _problem(
        "disk-full",
        f"there is no room for {path}",
        f"{needed} bytes are needed, {free} are free",
        Remedy("free space on that file system, or use another folder", f"df -h {path}"),
        "then run the same command again: what is there is not moved twice",
        file=str(path),
        needed=needed,
        free=free,
    )


def folder_unwritable(path: object, error: OSError) -> Problem:
    """A folder or file that cannot be written."""
    return _problem(
        "folder-not-writable",
        f"{path} cannot be written",
        str(error),
        "check its owner and mode, and that the file system is not mounted read-only",
        file=str(path),
    )
