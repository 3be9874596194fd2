"""The way to the registry: names, routes, TLS, proxies, stalls, redirects."""

import errno
import ssl
from urllib.parse import urlsplit

from wizard.engine.problems import Problem, Remedy
from wizard.oci.guard import Stalled
from wizard.oci.problems.making import make
from wizard.oci.wire import ProxyRefused


def from_os_error(error: OSError, host: str, address: str) -> Problem:
    """What went wrong between us and `host`, reached at `address` (a URL's scheme, host and port)."""
    text = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError | ssl.CertificateError):
        return _tls(error, host, address)
    if type(error).__name__ == "gaierror":
        return make(
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
        return make(
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
        return make(
            "registry-unreachable",
            f"there is no way to registry {host}",
            f"{address}: {text}"
            + (", as where a firewall drops packets" if isinstance(error, TimeoutError) else ""),
            "check routes and firewalls between this machine and the registry",
            "if this side is meant to be isolated from it, mirror through a layout: SRC=layout:DIR, carry DIR over",
            host=host,
        )
    return make(
        "registry-cut",
        f"registry {host} broke the connection",
        f"{address}: {text}",
        "run the same command again: what is there already is not sent twice",
        "where it always happens at the same size, look for a proxy or firewall with a limit",
        host=host,
    )


def _bare(address: str) -> str:
    return urlsplit(address).hostname or address


def stalled(host: str, what: str, *, address: str = "") -> Problem:
    """No byte moved for too long. `what` says in which direction, and after which reply."""
    return make(
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
        return make(
            "registry-answers-plain-http",
            f"registry {host} speaks plain HTTP where HTTPS was expected",
            f"{address}: {reason}",
            "give the registry a certificate",
            "on a loopback or lab registry only: --plain-http (answers: registry.plainHttp: true)",
            host=host,
        )
    if "hostname mismatch" in low or "ip address mismatch" in low or "doesn't match" in low:
        return make(
            "registry-tls-wrong-name",
            f"the certificate of registry {host} is for another name",
            reason,
            "use the name that is in the certificate, or have the certificate made anew with this name in it",
            probe,
            host=host,
        )
    if "expired" in low or "not yet valid" in low:
        return make(
            "registry-tls-expired",
            f"the certificate of registry {host} is not valid today",
            reason,
            Remedy("check this machine's clock first: air-gapped clocks drift", "date -u"),
            "renew the registry's certificate",
            probe,
            host=host,
        )
    if "self-signed" in low or "self signed" in low or "unable to get" in low or "unknown ca" in low:
        return make(
            "registry-tls-unknown-ca",
            f"registry {host} has a certificate signed by an authority that is not known here (x509: unknown authority)",
            reason,
            "name the private CA's PEM file: --ca-file FILE (answers: registry.caFile)",
            probe,
            host=host,
        )
    if "alert" in low and ("certificate" in low or "handshake" in low):
        return make(
            "registry-tls-client-certificate",
            f"registry {host} wants a client certificate, or refuses the one it got",
            reason,
            "name the certificate and its key: --client-cert FILE --client-key FILE (answers: registry.clientCert)",
            "check that the registry trusts the CA that signed it, and that it has not expired",
            host=host,
        )
    return make(
        "registry-tls-failed",
        f"no TLS connection with registry {host}",
        f"{address}: {reason}",
        probe,
        "check that the port speaks TLS, and for a proxy that inspects TLS between here and there",
        host=host,
    )


def proxy(host: str, why: str) -> Problem:
    """A proxy that would not let us through to the registry."""
    return make(
        "registry-proxy-refused",
        f"the proxy on the way to registry {host} did not let us through",
        why,
        "check HTTPS_PROXY and HTTP_PROXY",
        Remedy("an internal registry is usually reached without the proxy", f"export NO_PROXY={host}"),
        host=host,
    )


def redirect(host: str, why: str, target: str) -> Problem:
    """A redirect that is not followed."""
    return make(
        "registry-redirect-refused",
        f"registry {host} redirects where we do not follow",
        f"{why}: {target[:200]}",
        "check the registry's external URL and the reverse proxy in front of it",
        host=host,
    )
