"""Pods that start and do not work, or work and do not do what they are for."""

from collections.abc import Callable

from tests.e2e.broken.case import Broken, ended, ready
from tests.e2e.broken.parts import TOKEN_SECRET, Obj, Parts

_EATS = {
    "command": ["/bin/sh", "-c", "tail /dev/zero"],
    "resources": {"limits": {"memory": "24Mi"}},
}
_OPENCOST = {"cluster__opencostNamespace": "."}
"""OpenCost is looked for in the same namespace."""


def _crashes(parts: Parts) -> list[Obj]:
    bad = {"env": [{"name": "OPENCOST_AI_LISTEN_ADDR", "value": "8080"}]}
    return [parts.pod("gateway", container=bad)]


def _killed(component: str) -> Callable[[Parts], list[Obj]]:
    return lambda parts: [parts.idle(component, container=_EATS)]


def _bridge(parts: Parts, *opencost: Obj) -> list[Obj]:
    return [*opencost, parts.servers(), parts.bridge()]


def _bars(parts: Parts) -> Obj:
    spec = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "opencost"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 9003}]}],
    }
    return parts.net("opencost", spec)


def _debugging(parts: Parts) -> Obj:
    selector = {
        "matchExpressions": [
            {"key": "app.kubernetes.io/component", "operator": "In", "values": ["bridge", "gateway"]}
        ]
    }
    return parts.net(
        "temporary-debugging", {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{}]}
    )


WORKING: dict[str, Broken] = {
    "nothing": Broken(
        "nothing is wrong", "",
        lambda parts: [parts.service(9003, 8081), *parts.opencost(), parts.serving("gateway"), parts.idle("ollama")],
        ready("opencost", "gateway", "ollama"), sets=_OPENCOST, then=_bridge, at_last=ready("opencost", "gateway", "bridge", "ollama"),
    ),
    "gateway-crash": Broken("the gateway does not accept its configuration", "gateway-crashes", _crashes, ended),
    "gateway-memory": Broken("the gateway is killed for its memory", "pod-out-of-memory", _killed("gateway"), ended),
    "ollama-memory": Broken("Ollama is killed for its memory", "ollama-out-of-memory", _killed("ollama"), ended),
    "bridge-cache": Broken(
        "the bridge wants a writable cache", "bridge-cache-read-only", lambda parts: [parts.pod("bridge")], ended,
    ),
    "token-missing": Broken(
        "the token's Secret is missing", "token-secret-missing", lambda parts: [parts.serving("gateway")], ready("gateway"),
        lacks=(TOKEN_SECRET,),
    ),
    "token-key": Broken(
        "the token's Secret has another key", "token-key-missing",
        lambda parts: [parts.token("password"), parts.serving("gateway")], ready("gateway"), lacks=(TOKEN_SECRET,),
    ),
    "mcp-off": Broken(
        "OpenCost's MCP server is off", "opencost-mcp-off",
        lambda parts: _bridge(parts, parts.service(9003, 8081), *parts.opencost(mcp=False)), ready("opencost", "bridge"),
        sets=_OPENCOST,
    ),
    "mcp-hidden": Broken(
        "OpenCost's Service does not have 8081", "opencost-mcp-not-exposed",
        lambda parts: _bridge(parts, parts.service(9003), *parts.opencost()), ready("opencost", "bridge"), sets=_OPENCOST,
    ),
    "mcp-barred": Broken(
        "OpenCost's own policy bars the bridge", "opencost-policy-refuses-bridge",
        lambda parts: _bridge(parts, _bars(parts), parts.service(9003, 8081), *parts.opencost()), ready("opencost", "bridge"),
        sets=_OPENCOST,
    ),
    "opencost-old": Broken(
        "OpenCost is older than its MCP server", "opencost-too-old",
        lambda parts: _bridge(parts, parts.service(9003, 8081), *parts.opencost(tag="1.110.0", mcp=False)),
        ready("opencost", "bridge"), sets=_OPENCOST,
    ),
    "opencost-gone": Broken(
        "OpenCost is not there", "opencost-not-found", _bridge, ready("bridge"), sets=_OPENCOST,
    ),
    "bridge-early": Broken(
        "the bridge started while OpenCost was away", "bridge-without-tools",
        lambda parts: _bridge(parts, parts.service(9003, 8081)), ready("bridge"), sets=_OPENCOST,
        then=lambda parts: parts.opencost(), at_last=ready("opencost", "bridge"),
    ),
    "policy-lets-out": Broken(
        "a policy chosen by expressions lets everything out", "egress-open",
        lambda parts: [_debugging(parts), parts.idle("gateway"), parts.idle("bridge")], ready("gateway", "bridge"),
    ),
    "policy-missing": Broken(
        "no policy selects the bridge", "egress-open",
        lambda parts: [parts.idle("gateway"), parts.idle("bridge")], ready("gateway", "bridge"), lacks=("opencost-ai-bridge",),
    ),
}  # fmt: skip
