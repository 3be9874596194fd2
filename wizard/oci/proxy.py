"""Proxies from the environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY, as curl and Go read them."""

import base64
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from wizard.engine.secrets import Secret
from wizard.oci.wire import ProxyRefused


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The proxy's HOST:PORT for a target ("" = none) and the headers it wants. Loopback never goes through one.

    Raises ProxyRefused, where it is none of plain HTTP. Its port is 80 where none is named, as in Go.
    """
    found = _get(environ, f"{scheme}_proxy") or _get(environ, "all_proxy")
    if not found:
        return "", {}
    if _direct(host, port, _get(environ, "no_proxy")):
        return "", {}
    try:
        url = urlsplit(found if "://" in found else f"http://{found}")
        way, hop, at = url.scheme, url.hostname or "", url.port or 80
    except ValueError:
        raise ProxyRefused("the environment's proxy is no address: it has to be http://HOST:PORT") from None
    if way != "http" or not hop:
        raise ProxyRefused(
            f"the environment's proxy {way}://{hop} cannot be used: it has to be http://HOST:PORT"
        )
    headers = {}
    if url.username:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        Secret(unquote(url.password or ""))  # teaches the redaction filter
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    name = f"[{hop}]" if ":" in hop else hop
    return f"{name}:{at}", headers


def _get(environ: Mapping[str, str], name: str) -> str:
    # HTTP_PROXY in capitals is honoured too: we are no CGI program, where a client could set it
    return environ.get(name) or environ.get(name.upper()) or ""


def _direct(host: str, port: int, rules: str) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for rule in (part.strip().lower() for part in rules.replace(",", " ").split()):
        if not rule:
            continue
        if rule == "*":
            return True
        if address is not None:
            try:
                if address in ipaddress.ip_network(rule.strip("[]"), strict=False):
                    return True
            except ValueError:
                pass
        name, _, at = rule.rpartition(":") if rule.count(":") == 1 else (rule, "", "")
        if at and at != str(port):
            continue
        name = name.removeprefix("*").removeprefix(".")
        if host.lower() == name or host.lower().endswith(f".{name}"):
            return True
    return False
