"""Pulls that do not get to the registry, or not to one they trust: names, routes, TLS, and a registry that is down."""

from collections.abc import Iterator

from wizard.diagnosis.cause import DOWN, Proof, RootCause, RuledOut, Sure, Told, unique
from wizard.diagnosis.failures import Failed, failures
from wizard.diagnosis.scene import Scene
from wizard.engine.events import Remedy
from wizard.facts.base import Unknown

EXPLAINS = DOWN | {"nodes-reach-registry", "image-pull-failed", "pull-secret-refused", "model-load-failed"}
RUNNING_ON = (
    "pods that run already go on running: only new pulls are blocked until the registry is back (S5.28)"
)
_NO_WAY = ("refused", "timeout", "unreachable", "name-unknown")
_AWAY = {
    "registry-refused",
    "registry-unreachable",
    "registry-stalled",
    "registry-cut",
    "registry-name-unknown",
}


def way(scene: Scene) -> Iterator[Told]:
    """One cause a kind; a registry that does not answer us either is one cause for all of them."""
    mine = [f for f in failures(scene) if not f.image or not scene.registry or f.host == scene.registry]
    away = _away(scene)
    blocked = [f for f in mine if f.kind in _NO_WAY]
    if away:
        yield _down(scene, blocked, away)
    elif not isinstance(scene.stock, Unknown) and scene.stock.get("reachable"):
        yield RuledOut(f"the registry {scene.registry} is down", "it answered when it was asked from here")
    for kind, build in _MAKERS.items():
        found = [f for f in mine if f.kind == kind]
        if found and not (away and kind in _NO_WAY):
            yield build(scene, found)


def _away(scene: Scene) -> dict[str, str]:
    if isinstance(scene.stock, Unknown) or scene.stock.get("reachable") is not False:
        return {}
    problem = scene.stock.get("problem") or {}
    return problem if problem.get("code") in _AWAY else {}


def _down(scene: Scene, blocked: list[Failed], problem: dict[str, str]) -> RootCause:
    running = [p for p in scene.pods() if (p.get("status") or {}).get("phase") == "Running"]
    words = f"{problem.get('title')}: {problem.get('detail')}"
    return RootCause(
        "registry-down",
        f"the registry {scene.registry} does not answer",
        Sure.CERTAIN if blocked else Sure.LIKELY,
        (Proof("asked from here", words), *(f.proof for f in blocked)),
        (
            Remedy(
                "bring the registry back; nothing has to be installed again, waiting pods pull by themselves. "
                "See whether it answers",
                f"curl -sS -o /dev/null -w '%{{http_code}}\\n' https://{scene.registry}/v2/",
            ),
        ),
        10,
        unique(f.sufferer for f in blocked),
        EXPLAINS | _AWAY | {"registry-refused-from-node", "registry-timeout-from-node"},
        RUNNING_ON if running else "",
    )


_SEEN_FROM_HERE = {
    "registry-certificate-expired": "registry-tls-expired",
    "registry-certificate-other-name": "registry-tls-wrong-name",
    "registry-plain-http-to-node": "registry-answers-plain-http",
    "pull-rate-limited": "registry-rate-limited",
}
"""What the registry does to everybody alike is one cause, whoever has met it."""


def _cause(
    code: str, title: str, failed: list[Failed], *remedies: Remedy, sure: Sure = Sure.CERTAIN, note: str = ""
) -> RootCause:
    return RootCause(
        code,
        title,
        sure,
        tuple(f.proof for f in failed),
        remedies,
        14,
        unique(f.sufferer for f in failed),
        EXPLAINS | {_SEEN_FROM_HERE.get(code, code)},
        note,
    )


def _nodes(failed: list[Failed]) -> str:
    return ", ".join(unique(f.node for f in failed)) or "the nodes"


def _host(scene: Scene, failed: list[Failed]) -> str:
    return scene.registry or next((f.host for f in failed if f.image), "the registry")


def _look_again(scene: Scene) -> Remedy:
    return Remedy("then let every node try", f"airgap-wizard preflight --answers-file {scene.answers_file}")


def _certificate(host: str, show: str) -> str:
    """The command that shows something of a registry's certificate."""
    address = host if ":" in host else host + ":443"
    return f"openssl s_client -connect {address} </dev/null | openssl x509 -noout {show}"


def _unknown_ca(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    folder = f"/etc/containerd/certs.d/{host}"
    return _cause(
        "registry-ca-unknown-to-node",
        f"{_nodes(failed)} does not trust the CA that signed the certificate of {host}",
        failed,
        Remedy(
            f"put the CA on each of these nodes, as {folder}/ca.crt (containerd), and name it in hosts.toml",
            f"install -D -m 0644 CA.pem {folder}/ca.crt",
        ),
        _look_again(scene),
    )


def _plain_http(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    return _cause(
        "registry-plain-http-to-node",
        f"{host} answers in plain HTTP, and the nodes speak HTTPS to it",
        failed,
        Remedy(
            "give the registry a certificate; until then, on a lab network alone, name it with http:// in "
            f"/etc/containerd/certs.d/{host}/hosts.toml of every node",
        ),
        _look_again(scene),
    )


def _no_name(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed).partition(":")[0]
    return _cause(
        "registry-name-unknown-to-node",
        f"{_nodes(failed)} cannot resolve {host}",
        failed,
        Remedy(
            "nodes do not ask the cluster's DNS: enter the name in the site's DNS, or in /etc/hosts of every node "
            "(S5.12); on a node, this must print its address",
            f"getent hosts {host}",
        ),
        _look_again(scene),
    )


def _refused(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    return _cause(
        "registry-refused-from-node",
        f"nothing listens for {_nodes(failed)} at the address of {host}",
        failed,
        Remedy(
            "see on a node whether the name leads to the right address and port",
            f"curl -sS -o /dev/null https://{host}/v2/",
        ),
        _look_again(scene),
        sure=Sure.CERTAIN if _reachable(scene) else Sure.LIKELY,
    )


def _timeout(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    return _cause(
        "registry-timeout-from-node",
        f"{_nodes(failed)} gets no answer from {host}: something on the way drops it, or the registry is down",
        failed,
        Remedy(
            "open the way from the nodes to the registry in firewalls and routes; on a node",
            f"curl -sS -m 5 -o /dev/null https://{host}/v2/",
        ),
        _look_again(scene),
        sure=Sure.CERTAIN if _reachable(scene) else Sure.LIKELY,
    )


def _reachable(scene: Scene) -> bool:
    return not isinstance(scene.stock, Unknown) and bool(scene.stock.get("reachable"))


def _expired(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    clock = any("not yet valid" in f.words.lower() for f in failed)
    return _cause(
        "registry-certificate-expired",
        f"the certificate of {host} is not valid at the time that {_nodes(failed)} has",
        failed,
        Remedy("see the time there first: air-gapped clocks drift", "date -u"),
        Remedy(
            "see until when it is valid, and renew it",
            _certificate(host, "-dates"),
        ),
        sure=Sure.LIKELY if clock else Sure.CERTAIN,
        note="a certificate that is not yet valid usually means a clock that is behind" if clock else "",
    )


def _other_name(scene: Scene, failed: list[Failed]) -> RootCause:
    host = _host(scene, failed)
    return _cause(
        "registry-certificate-other-name",
        f"the certificate of {host} is for another name",
        failed,
        Remedy(
            "have it made anew with this name in it, or use the name that is in it (registry.host)",
            _certificate(host, "-ext subjectAltName"),
        ),
    )


def _rate(scene: Scene, failed: list[Failed]) -> RootCause:
    return _cause(
        "pull-rate-limited",
        f"{_host(scene, failed)} limits how often the nodes may pull",
        failed,
        Remedy(
            "raise the limit for the account of the pull secret, or wait: the kubelet tries again by itself",
            f"kubectl -n {scene.names.namespace} get pods --watch",
        ),
    )


_MAKERS = {
    "unknown-authority": _unknown_ca,
    "certificate-expired": _expired,
    "certificate-other-name": _other_name,
    "plain-http": _plain_http,
    "name-unknown": _no_name,
    "refused": _refused,
    "timeout": _timeout,
    "unreachable": _timeout,
    "rate-limited": _rate,
}
