"""Images that do not come: credentials, certificates, the way to the registry, and what is not in it."""

from collections.abc import Callable

from tests.e2e.broken.case import Broken, ended, not_pulled, ready
from tests.e2e.broken.parts import PULL_SECRET, TOKEN_SECRET, Obj, Parts

OUTSIDE = "ghcr.io/opencost/opencost-ai-gateway:v0.1.0"
NOBODY = "registry.site.example:5000"
"""A name that this machine knows and the node does not."""
BLOCKED = "trusted-good"
"""The door that a rule on the node keeps the node from."""
STOPPED = "trusted-stopped"
"""The door that is closed once the first damage shows."""
_GATEWAY = "opencost-ai/opencost-ai-gateway"


def _gateway(parts: Parts) -> list[Obj]:
    return [parts.pod("gateway")]


def _all_three(parts: Parts) -> list[Obj]:
    return [parts.pod(component) for component in ("gateway", "bridge", "ollama")]


def _image(image: str) -> Callable[[Parts], list[Obj]]:
    return lambda parts: [parts.pod("gateway", image if "/" in image else f"{parts.host}/{_GATEWAY}{image}")]


PULLS: dict[str, Broken] = {
    "password-wrong": Broken(
        "the pull secret has an old password", "pull-credentials-wrong",
        lambda parts: [parts.login(password="old"), *_all_three(parts)], not_pulled("401 Unauthorized"),
    ),
    "secret-missing": Broken(
        "the pull secret is missing", "pull-secret-missing", _all_three, not_pulled("401 Unauthorized"), lacks=(PULL_SECRET,),
    ),
    "secret-not-named": Broken(
        "the pods name no pull secret", "pull-secret-missing",
        lambda parts: [parts.pod("gateway", imagePullSecrets=[])], not_pulled("401 Unauthorized"),
    ),
    "secret-other-host": Broken(
        "the pull secret is for the registry's other name", "pull-secret-other-registry",
        lambda parts: [parts.login(host="registry.old.example"), parts.pod("gateway")], not_pulled("401 Unauthorized"),
    ),
    "account-forbidden": Broken(
        "the account may not pull", "pull-forbidden", _gateway, not_pulled("403 Forbidden"), door="trusted-403",
    ),
    "limited": Broken(
        "the registry limits pulls", "pull-rate-limited", _gateway, not_pulled("429 Too Many"), door="trusted-429",
    ),
    "ca-unknown": Broken(
        "the node does not trust the registry's CA", "registry-ca-unknown-to-node", _all_three, not_pulled("x509"), door="strange",
    ),
    "certificate-expired": Broken(
        "the registry's certificate has expired", "registry-certificate-expired", _gateway, not_pulled("expired"),
        door="trusted-expired",
    ),
    "certificate-other-name": Broken(
        "the registry's certificate is for another name", "registry-certificate-other-name", _gateway, not_pulled("x509"),
        door="trusted-other-name",
    ),
    "plain-http": Broken(
        "HTTP answered to an HTTPS client", "registry-plain-http-to-node", _gateway, not_pulled("HTTP response to HTTPS client"),
        door="plain",
    ),
    "name-unknown": Broken(
        "the node cannot resolve the registry", "registry-name-unknown-to-node", _gateway, not_pulled("lookup"), door="named",
    ),
    "nobody-listens": Broken(
        "nothing listens for the node, and the registry answers us", "registry-refused-from-node", _gateway,
        not_pulled("connection refused"), door="loopback",
    ),
    "firewall": Broken(
        "a firewall between the node and the registry", "registry-timeout-from-node", _gateway,
        not_pulled("i/o timeout", "deadline exceeded"), door=BLOCKED,
    ),
    "registry-down": Broken(
        "the registry is down; what runs goes on running", "registry-down", lambda parts: [parts.idle("gateway")],
        ready("gateway"), door=STOPPED, then=lambda parts: [parts.pod("bridge")], at_last=not_pulled("connection refused"),
    ),
    "tag-absent": Broken(
        "the tag is not in the registry", "image-not-in-registry", _image(":v9"), not_pulled("not found"),
    ),
    "digest-absent": Broken(
        "the digest is not in the registry", "image-not-in-registry", _image("@sha256:" + "5" * 64), not_pulled("not found"),
    ),
    "no-platform": Broken(
        "no image for the node's architecture", "image-without-platform",
        lambda parts: [parts.pod("bridge", f"{parts.host}/{parts.images['arm-only']}")], not_pulled("no match for platform"),
    ),
    "wrong-program": Broken(
        "a program for another architecture in the image", "image-without-platform",
        lambda parts: [parts.pod("bridge", f"{parts.host}/{parts.images['mislabelled']}")], ended,
    ),
    "outside": Broken(
        "a reference still leads outside", "image-reference-outside", _image(OUTSIDE), not_pulled("ghcr.io"),
    ),
    "two-at-once": Broken(
        "the pull secret and the token's Secret are missing", "pull-secret-missing",
        lambda parts: [*_all_three(parts)], not_pulled("401 Unauthorized"), lacks=(PULL_SECRET, TOKEN_SECRET),
        also=frozenset({"token-secret-missing"}),
    ),
}  # fmt: skip
