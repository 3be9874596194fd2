"""OpenCost's MCP server, asked from inside by a pod that is labelled as the bridge will be (S1.13, S1.50)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wizard.cluster.objects.names import MCP_PORT, Names
from wizard.cluster.objects.pods import once
from wizard.cluster.objects.policies import to_dns, to_namespace
from wizard.cluster.port import PodResult
from wizard.cluster.probes.guest import GATE, guest
from wizard.cluster.probes.words import one
from wizard.facts.base import Sources
from wizard.facts.fetch import experiment, names, probe_image, pull_config

_SECONDS = 90.0
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Mcp:
    """What an MCP `initialize` came to. `home` = asked from the release's own namespace, not from a scratch one."""

    url: str
    outcome: str
    status: int = 0
    server: str = ""
    version: str = ""
    tools: int = -1
    detail: str = ""
    home: bool = False


def mcp_url(sources: Sources) -> str:
    """Where the chart's bridge asks."""
    at = sources.answers.cluster
    return f"http://{at.opencost_service}.{at.opencost_namespace}.svc.cluster.local:{MCP_PORT}/mcp"


def gather_mcp(sources: Sources) -> Mcp:
    """From the namespace of the release where it exists: OpenCost's own policy may admit by namespace and labels."""
    url, where = mcp_url(sources), names(sources)
    home = sources.cluster.get("Namespace", where.namespace) is not None
    sources.say("OpenCost: an MCP handshake from inside, labelled as the bridge")
    said = _at_home(sources, where, url) if home else _in_scratch(sources, where, url)
    server: dict[str, Any] = said.get("server") or {}
    return Mcp(
        url,
        str(said.get("outcome", "unknown")),
        int(said.get("status") or 0),
        str(server.get("name", "")),
        str(server.get("version", "")),
        int(said.get("tools", -1)),
        str(said.get("detail", "")),
        home,
    )


def _at_home(sources: Sources, where: Names, url: str) -> dict[str, Any]:
    with guest(sources.cluster, sources.stop, where, probe_image(sources), pull_config(sources)) as place:
        place.allow(
            "as-bridge", [to_dns(), to_namespace(sources.answers.cluster.opencost_namespace, MCP_PORT)]
        )
        return _ask(
            sources,
            lambda: place.run(
                "as-bridge",
                ["mcp", url, "--timeout", "10s"],
                timeout=_SECONDS,
                labels=where.selector("bridge"),
                **GATE,
            ),
        )


def _in_scratch(sources: Sources, where: Names, url: str) -> dict[str, Any]:
    with experiment(sources) as place:
        labels = where.selector("bridge")

        def again() -> PodResult:
            pod = place.pod(once("as-bridge"), ["mcp", url, "--timeout", "10s"], **GATE)
            pod["metadata"]["labels"] |= labels
            return sources.cluster.run_pod(pod, timeout=_SECONDS, stop=sources.stop)

        return _ask(sources, again)


def _ask(sources: Sources, again: Callable[[], PodResult]) -> dict[str, Any]:
    """A new pod is refused for its first moments: only an outcome that stays counts."""
    said: dict[str, Any] = {}
    for _ in range(_TRIES):
        said = one(again(), "MCP handshake")
        if said.get("outcome") == "answered":
            return said
        sources.stop.wait(1.0)
    return said
