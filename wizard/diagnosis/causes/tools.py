"""A bridge without tools: it answers all the same. OpenCost's MCP server is off, hidden, closed, too old, or was replaced."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from wizard.checks.opencost_mcp import admission
from wizard.cluster.objects.names import MCP_PORT
from wizard.cluster.port import Cluster, Helm, Obj
from wizard.cluster.waiting.pods import ready
from wizard.diagnosis.cause import Proof, RootCause, RuledOut, Sure, Told
from wizard.diagnosis.reader import SceneCluster, SceneHelm
from wizard.diagnosis.scene import Scene, name_of, statuses
from wizard.engine.events import Remedy
from wizard.engine.problems import Problem
from wizard.engine.stop import Stop
from wizard.facts.base import Sources, Unknown
from wizard.facts.opencost import OpenCost, gather_opencost
from wizard.oci.sites import Sites

_EXPLAINS = frozenset(
    {
        "tools-proven",
        "opencost-mcp",
        "opencost-version",
        "verification-failed",
        "preflight-failed",
        "opencost-not-found",
    }
)
_TOTAL = re.compile(r"Total tools available:\s*(\d+)")
_FAILED = re.compile(r"failed to connect to MCP server[^\n]*|Session terminated[^\n]*", re.IGNORECASE)
_OLDEST = (1, 118)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of the bridge: `count` -1 where its log does not say."""

    bridge: Obj | None
    count: int
    words: str
    stale: bool


def tools(scene: Scene) -> Iterator[Told]:
    """Why first, in the order of what lies deeper; that there are none at all last."""
    about = _opencost(scene)
    seen = _bridge(scene, about)
    mcp, proven = scene.failed("opencost-mcp"), scene.failed("tools-proven")
    proofs = []
    if seen.count == 0 and seen.bridge is not None:
        proofs.append(Proof(f"log of {name_of(seen.bridge)}", "Total tools available: 0"))
    if seen.words:
        proofs.append(Proof("the bridge's log", seen.words))
    if mcp is not None:
        proofs.append(Proof("check opencost-mcp", f"{mcp.title}; {mcp.detail}"))
    if proven is not None:
        proofs.append(Proof("check tools-proven", f"{proven.title}; {proven.detail}"))
    wrong = seen.count == 0 or mcp is not None or proven is not None
    why = list(_why(scene, about, mcp, wrong, proofs, seen.stale))
    yield from why
    if why:
        return
    if (seen.stale and seen.count != 0) or (proven is not None and _lost(proven.evidence)):
        yield _session(scene, seen, proofs)
    elif seen.count == 0 or (proven is not None and _none(proven.evidence)):
        yield _none_at_all(scene, seen, proofs, isinstance(about, OpenCost))
    elif seen.count > 0:
        yield RuledOut(
            "the bridge has no tools", f"its log says {seen.count}, and OpenCost has not been replaced since"
        )


def _none(evidence: Any) -> bool:
    return bool(evidence.get("bridgeTools") == 0)


def _lost(evidence: Any) -> bool:
    """It has tools, and every call of one failed."""
    called = evidence.get("results") == "failed" and evidence.get("bridgeTools") != 0
    return bool(evidence.get("sessionOlderThanOpenCost") or called)


def _opencost(scene: Scene) -> OpenCost | Unknown:
    if scene.answers is None:
        return Unknown("without answers")
    sources = Sources(
        scene.answers, cast(Cluster, SceneCluster(scene)), cast(Helm, SceneHelm(scene)), Sites(), Stop()
    )
    try:
        return gather_opencost(sources)
    except Problem as problem:
        return Unknown(problem.code)


def _missing(about: OpenCost | Unknown) -> bool:
    return isinstance(about, Unknown) and about.reason == "opencost-not-found"


def _bridge(scene: Scene, about: OpenCost | Unknown) -> _Seen:
    pod = next((p for p in scene.pods("bridge") if ready(p)), None)
    if pod is None:
        return _Seen(None, -1, "", False)
    log = scene.log(pod)
    totals, failed = _TOTAL.findall(log), _FAILED.findall(log)
    started = max(
        (str(((c.get("state") or {}).get("running") or {}).get("startedAt") or "") for c in statuses(pod)),
        default="",
    )
    younger = about.started if isinstance(about, OpenCost) else ""
    return _Seen(
        pod, int(totals[-1]) if totals else -1, failed[-1] if failed else "", _later(younger, started)
    )


def _later(one: str, other: str) -> bool:
    try:
        return datetime.fromisoformat(one.replace("Z", "+00:00")) > datetime.fromisoformat(
            other.replace("Z", "+00:00")
        )
    except ValueError:
        return False


def _why(
    scene: Scene, about: OpenCost | Unknown, mcp: Any, wrong: bool, proofs: list[Proof], stale: bool
) -> Iterator[RootCause]:
    """What around OpenCost explains it."""
    at = scene.answers.cluster if scene.answers else None
    space, service = (at.opencost_namespace, at.opencost_service) if at else ("opencost", "opencost")
    restart = Remedy(
        "then restart the bridge: it connects once, at its start",
        f"kubectl -n {scene.names.namespace} rollout restart deployment {scene.names.of_component('bridge')}",
    )

    def _root(code: str, title: str, sure: Sure, proof: Proof, *remedies: Remedy) -> RootCause:
        """Before anything has gone wrong with it, it is what will."""
        sure = sure if wrong or _missing(about) else max(sure, Sure.LIKELY, key=list(Sure).index)
        return RootCause(
            code, title, sure, (proof, *proofs), (*remedies, restart), 22, (f"service {service}",), _EXPLAINS
        )

    if _missing(about):
        yield _root(
            "opencost-not-found", f"there is no Service {service} in namespace {space}", Sure.CERTAIN,
            Proof(f"Services of namespace {space}", f"there is no {service}"),
            Remedy(
                "install OpenCost 1.118 or later, or say where it is", f"{scene.again} --set cluster.opencostNamespace=NAMESPACE"
            ),
        )  # fmt: skip
        return
    if isinstance(about, Unknown):
        return
    old = _old(about.version)
    if old:
        yield _root(
            "opencost-too-old", f"OpenCost {about.version} has no MCP server: it came with 1.118", Sure.CERTAIN,
            Proof(f"OpenCost in {space}", f"image {about.image}"),
            Remedy("upgrade OpenCost to 1.118 or later", f"kubectl -n {space} get deployment -o wide"),
        )  # fmt: skip
    elif MCP_PORT not in about.ports:
        patch = '[{"op":"add","path":"/spec/ports/-","value":{"name":"mcp","port":8081,"targetPort":8081}}]'
        yield _root(
            "opencost-mcp-not-exposed", f"OpenCost's Service {service} does not have port {MCP_PORT}", Sure.CERTAIN,
            Proof(f"service {space}/{service}", f"ports {', '.join(map(str, about.ports))}"),
            Remedy("let it have the port", f"kubectl -n {space} patch service {service} --type json -p '{patch}'"),
        )  # fmt: skip
    elif about.barring:
        yield _root(
            "opencost-policy-refuses-bridge",
            f"OpenCost's own NetworkPolicy {', '.join(about.barring)} does not let the bridge in on {MCP_PORT}", Sure.CERTAIN,
            Proof(f"networkpolicy {space}/{about.barring[0]}", f"no ingress rule admits the bridge on port {MCP_PORT}"),
            admission(about, scene.names.namespace),
        )  # fmt: skip
    elif wrong and (switch := _switch(scene, space, mcp, proofs, stale)):
        sure, proof = switch
        yield _root(
            "opencost-mcp-off", "OpenCost runs, and its MCP server is not switched on", sure, proof,
            Remedy("switch it on", f"kubectl -n {space} set env deployment/opencost MCP_SERVER_ENABLED=true"),
        )  # fmt: skip


def _old(version: str) -> bool:
    parts = re.match(r"(\d+)\.(\d+)", version)
    return bool(parts) and (int(parts[1]), int(parts[2])) < _OLDEST if parts else False


def _switch(
    scene: Scene, space: str, mcp: Any, proofs: list[Proof], stale: bool
) -> tuple[Sure, Proof] | None:
    """Whether it is off: its environment says so, or nobody listens on a port that nothing bars.

    What the bridge has met (`stale`: before this pod of OpenCost was there) says nothing of a server that is switched on.
    """
    env = {
        str(each.get("name")): str(each.get("value", ""))
        for pod in scene.of("Pod", space)
        for container in (pod.get("spec") or {}).get("containers") or []
        for each in container.get("env") or []
    }
    said = env.get("MCP_SERVER_ENABLED")
    on = said is not None and said.lower() in ("true", "1")
    if said is not None and not on:
        return Sure.CERTAIN, Proof(f"OpenCost in {space}", f"MCP_SERVER_ENABLED={said}")
    outcome = str(mcp.evidence.get("outcome", "")) if mcp is not None else ""
    met = not on and not stale and any("refused" in p.words for p in proofs)
    if outcome == "refused" or met:
        where = "MCP_SERVER_ENABLED is not set" if said is None else f"MCP_SERVER_ENABLED={said}"
        return Sure.LIKELY, Proof(f"OpenCost in {space}", f"nothing listens on {MCP_PORT}; {where}")
    if outcome == "timeout":
        return Sure.POSSIBLE, Proof(f"OpenCost in {space}", f"nothing answers on {MCP_PORT}")
    return None


def _restart(scene: Scene) -> Remedy:
    return Remedy(
        "restart the bridge, now that OpenCost is up: it connects once, at its start",
        f"kubectl -n {scene.names.namespace} rollout restart deployment {scene.names.of_component('bridge')}",
    )


def _session(scene: Scene, seen: _Seen, proofs: list[Proof]) -> RootCause:
    told = (
        [Proof("pods", "OpenCost's pod was made after the bridge's container had started")]
        if seen.stale
        else []
    )
    return RootCause(
        "bridge-session-lost",
        "OpenCost's pod was replaced after the bridge had connected: every tool call fails, and the bridge answers on",
        Sure.CERTAIN if proofs else Sure.LIKELY,
        (*told, *proofs),
        (_restart(scene),),
        22,
        (name_of(seen.bridge),) if seen.bridge is not None else (),
        _EXPLAINS | {"question-answered"},
    )


def _none_at_all(scene: Scene, seen: _Seen, proofs: list[Proof], around: bool) -> RootCause:
    """Certain where OpenCost itself was seen and is well (`around`); else the reason may lie there."""
    return RootCause(
        "bridge-without-tools",
        "the bridge has no tools: it came up while OpenCost's MCP server was not to be had, and does not try again",
        Sure.CERTAIN if seen.count == 0 and around else Sure.LIKELY,
        tuple(proofs),
        (
            _restart(scene),
            Remedy(
                "then see that it has some",
                f"kubectl -n {scene.names.namespace} logs deployment/{scene.names.of_component('bridge')} | grep 'Total tools'",
            ),
        ),
        23,
        (name_of(seen.bridge),) if seen.bridge is not None else (),
        _EXPLAINS,
    )
